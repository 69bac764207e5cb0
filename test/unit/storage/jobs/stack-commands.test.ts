import { describe, expect, test } from 'vitest'
import {
  deploymentStateCommand,
  stackCommand,
  stackEventsCommand,
} from '../../../../src/storage/jobs/stack-commands.ts'
import { STORAGE_REF } from '../../../support/unit/storage-context.ts'

const property = (name: string): string =>
  `"$(aws amplify get-backend-environment --region eu-west-1 --app-id d1a2b3c4d5 --environment-name prod --query backendEnvironment.${name} --output text)"`

describe('a command about the stacks of an environment', () => {
  test('A command for the root stack gets its name from Amplify', () => {
    expect(stackCommand(STORAGE_REF, 'get-stack-policy')).toBe(
      `aws cloudformation get-stack-policy --region eu-west-1 --stack-name ${property('stackName')}`,
    )
  })

  test.each([
    ['of the root stack', undefined, property('stackName')],
    ['of the stack that is given', 'amplify-acme-dev', 'amplify-acme-dev'],
    ['of a stack with an unsafe name', 'a$(id)', `'a$(id)'`],
  ])('The failed events %s are read', (_, stack, name) => {
    const command = stackEventsCommand(STORAGE_REF, stack)
    expect(command).toContain(
      `aws cloudformation describe-stack-events --region eu-west-1 --stack-name ${name} --query`,
    )
  })

  test('The lock of a deployment is in the deployment bucket, which Amplify names', () => {
    expect(deploymentStateCommand(STORAGE_REF)).toBe(
      `aws s3 ls s3://${property('deploymentArtifacts')}/deployment-state.json`,
    )
  })
})
