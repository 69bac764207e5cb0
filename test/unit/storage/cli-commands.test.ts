import { describe, expect, test } from 'vitest'
import { jobCommand, storageCommand } from '../../../src/storage/cli-commands.ts'
import { STORAGE_REF } from '../../support/unit/storage-context.ts'

describe('the commands in advice', () => {
  test.each([
    ['a-1', 'a-1'],
    ['a;reboot', "'a;reboot'"],
    ['$(reboot)', "'$(reboot)'"],
    ['`reboot`x', "'`reboot`x'"],
    ['a&b|c>d', "'a&b|c>d'"],
    ['*', "'*'"],
    ["a'b", "'a'\\''b'"],
    ['é', "'é'"],
  ])('The name %s is quoted for the shell where it has to be', (name, quoted) => {
    const ref = { ...STORAGE_REF, appId: name, backendEnvironmentName: name, resourceName: name }
    const options = `--region eu-west-1 --app-id ${quoted} --backend-environment-name ${quoted}`
    expect(jobCommand(ref, name)).toBe(
      `aws amplifybackend get-backend-job ${options} --job-id ${quoted}`,
    )
    expect(storageCommand(ref)).toBe(
      `aws amplifybackend get-backend-storage ${options} --resource-name ${quoted}`,
    )
  })
})
