/** Runs examples with act, and reads the results that the tests check. */
import { expect } from 'vitest'

import { defaults, type Emulator } from '../../../emulator/emulator.ts'
import type { WorkflowEvent } from '../../../emulator/runner/events.ts'
import { readExample } from '../../workflows/workflow-files.ts'
import { runWithAct, type ActOptions, type ActRun } from './act.ts'

/** The permissions that every example asks for. */
export const configuredPermissions = { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] }

/** Runs an example, with the central workflow where it calls it. */
export async function runExample(
  emulator: Emulator,
  name: string,
  event: WorkflowEvent,
  options: Partial<ActOptions> = {},
): Promise<ActRun> {
  const file = 'reusable.yml'
  const text = options.text ?? readExample(name)
  return runWithAct(emulator, {
    file: name,
    text,
    event,
    ...(text.includes(file) ? { central: { file, text: readExample(file) } } : {}),
    ...options,
  })
}

/** The outputs of the step `storage`, one entry for each job that has it. */
export const storageOutputs = ({ jobs }: ActRun): readonly Readonly<Record<string, string>>[] =>
  jobs.flatMap(({ outputs }) => {
    const found = outputs.get('storage')
    return found === undefined ? [] : [found]
  })

/** What the deploy script printed, one line for each time that it ran. */
export const deployments = ({ jobs }: ActRun): readonly string[] =>
  jobs.flatMap(({ log }) => log.filter((line) => line.startsWith('Deployed ')))

/** How the stand-ins for programs were called, one line for each call. */
export const programCalls = ({ jobs }: ActRun): readonly string[] =>
  jobs.flatMap(({ log }) =>
    log.filter((line) => line.startsWith('Called ')).map((line) => line.replace('Called ', '')),
  )

/** Checks the result of the run and of its jobs, and the outputs of the step `storage`. */
export function expectRun(
  run: ActRun,
  result: ActRun['result'],
  storage: Readonly<Record<string, string>>,
): void {
  expect(run.result, run.output).toBe(result)
  const jobResults = new Set(run.jobs.map((job) => job.result).filter((each) => each !== ''))
  if (result === 'success') expect([...jobResults], run.output).toEqual(['success'])
  else expect([...jobResults], run.output).toContain('failure')
  expect(storageOutputs(run), run.output).toEqual([expect.objectContaining(storage)])
}

/** The bucket of the storage `media`; empty where there is none. */
export const bucketIn = (emulator: Emulator, environment = 'prod', appId?: string): string =>
  emulator.environment(environment, appId).storages.get('media')?.bucket ?? ''

/** The permissions of the storage `media`; undefined where there is none. */
export const permissionsIn = (emulator: Emulator, environment = 'prod', appId?: string): unknown =>
  emulator.environment(environment, appId).storages.get('media')?.permissions

/** How many requests to create or update a storage the emulator got. */
export const countWrites = (emulator: Emulator): number =>
  emulator.calls('CreateBackendStorage').length + emulator.calls('UpdateBackendStorage').length

/** The names of the roles that were assumed, or were to be. */
export const assumedRoles = (emulator: Emulator): readonly string[] =>
  emulator
    .calls('AssumeRoleWithWebIdentity')
    .map(({ roleArn }) =>
      roleArn === defaults.applyRole ? 'apply' : roleArn === defaults.planRole ? 'plan' : 'other',
    )
