import { describe, expect, test } from 'vitest'
import { ERROR_CATALOG } from '../../../src/errors/catalog.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import {
  CREATED,
  CREATE_CHANGES,
  otherJob,
  storageExists,
  summarizeApply,
  summarizePlan,
  userChange,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'

const OTHER_STORAGE = { events: [storageExists({ resourceName: 'files' })] }

describe('a plan', () => {
  test('A plan of a create returns its changes', async () => {
    const { end, calls } = await summarizePlan()
    expect(end).toEqual(CREATE_CHANGES)
    expect(calls).toEqual(['GetBackendStorage', 'GetBackend'])
  })

  test('A plan of a storage that matches returns no changes', async () => {
    expect((await summarizePlan({ events: [storageExists()] })).end).toEqual([])
  })

  test('A plan of an update returns its changes', async () => {
    const { end } = await summarizePlan({
      events: [storageExists({ authenticated: ['READ'] })],
      options: { ifExists: 'update' },
    })
    expect(end).toEqual(userChange(['READ']))
  })

  test.each<readonly [string, RunScenario, object, readonly unknown[]]>([
    [
      'A plan fails and reports the changes when the storage differs',
      { events: [storageExists({ authenticated: ['READ'] })] },
      { code: 'STORAGE_DIFFERS' },
      [userChange(['READ'])],
    ],
    [
      'A plan fails when the storage exists and if-exists is fail',
      { events: [storageExists()], options: { ifExists: 'fail' } },
      { code: 'STORAGE_EXISTS' },
      [[]],
    ],
    [
      'A plan fails when there is a storage of another name',
      OTHER_STORAGE,
      { code: 'OTHER_STORAGE' },
      [CREATE_CHANGES],
    ],
    [
      'A plan fails when the app does not exist',
      { connection: { always: { GetBackend: { failure: 'notFound' } } } },
      { code: 'NOT_FOUND' },
      [CREATE_CHANGES],
    ],
    [
      'A plan fails when the storage cannot be read',
      {
        context: { maxAttempts: 1 },
        connection: { always: { GetBackendStorage: { failure: 'unavailable' } } },
      },
      { code: 'SERVICE_ERROR' },
      [],
    ],
    [
      'A plan fails when the role has no permission to read the storage',
      { events: [storageExists()], connection: { denied: ['GetBackendStorage'] } },
      {
        code: 'ACCESS_DENIED',
        requestId: 'request-403',
        message:
          'Nothing was planned. The credentials have no permission to call GetBackendStorage: 403 AccessDeniedException: User is not authorized to perform that.',
        advice: containing('Allow amplifybackend:GetBackendStorage'),
      },
      [],
    ],
  ])('%s', async (_title, scenario, expected, changes) => {
    const { end, recorded } = await summarizePlan(scenario)
    expect(end).toMatchObject({ result: 'failed', ...expected })
    expect(recorded.changes).toEqual(changes)
  })

  test.each<readonly [string, RunScenario, unknown]>([
    [
      'a missing auth resource',
      { service: { auth: false } },
      `The environment "prod" has no auth resource, which S3 storage needs. ${ERROR_CATALOG.AUTH_MISSING.remedy}`,
    ],
    [
      'a missing environment',
      { service: { environments: ['dev'] } },
      matching(/^The app "d1a2b3c4d5" has no backend environment "prod"\. It has "dev"\. /),
    ],
  ])('A plan only warns of %s, which the merge may add', async (_what, scenario, text) => {
    const { end, recorded } = await summarizePlan(scenario)
    expect(end).toEqual(CREATE_CHANGES)
    expect(recorded.warnings).toEqual([{ title: 'An apply would fail now', text }])
  })

  test('A plan continues with a warning when the backend cannot be read', async () => {
    const { end, warnings } = await summarizePlan({ connection: { denied: ['GetBackend'] } })
    expect(end).toEqual(CREATE_CHANGES)
    expect(warnings).toEqual(['Backend not checked'])
  })
})

describe('the preconditions of a create', () => {
  test.each<readonly [string, RunScenario, object]>([
    [
      'an environment that the app does not have',
      { service: { environments: ['dev', 'test'] } },
      {
        code: 'ENVIRONMENT_NOT_FOUND',
        message: 'The app "d1a2b3c4d5" has no backend environment "prod". It has "dev", "test".',
      },
    ],
    [
      'a missing auth resource',
      { service: { auth: false } },
      {
        code: 'AUTH_MISSING',
        message: 'The environment "prod" has no auth resource, which S3 storage needs.',
      },
    ],
    ['a storage of another name', OTHER_STORAGE, { code: 'OTHER_STORAGE' }],
    [
      'an environment that GetBackend lists and does not find',
      { connection: { faults: { GetBackend: [{ failure: 'notFound' }] } } },
      { code: 'NOT_FOUND', requestId: 'request-404' },
    ],
    [
      'an app whose environments cannot be listed',
      {
        service: { environments: ['dev'] },
        connection: { faults: { GetBackend: [undefined, { failure: 'accessDenied' }] } },
      },
      { code: 'NOT_FOUND' },
    ],
  ])('An apply fails before it sends anything because of %s', async (_what, scenario, expected) => {
    const { end, sent, recorded } = await summarizeApply(scenario)
    expect(end).toMatchObject({ result: 'failed', ...expected })
    expect(sent).toEqual([])
    expect(recorded.changes).toEqual([CREATE_CHANGES])
  })

  test('The app alone is read once to list its environments', async () => {
    const { calls } = await summarizeApply({ service: { environments: ['dev'] } })
    expect(calls).toEqual(['GetBackendStorage', 'GetBackend', 'GetBackend'])
  })

  test('Metadata of another document does not stop a create', async () => {
    const { end } = await summarizeApply({ service: { metadata: '{"auth":{}}' } })
    expect(end).toEqual(CREATED)
  })

  test.each<readonly [string, RunScenario, object]>([
    [
      'GetBackend reports an error',
      { service: { backendError: 'Stack is odd' } },
      {
        title: 'Backend reports an error',
        text: 'GetBackend reported an error: Stack is odd',
      },
    ],
    [
      'the role has no permission to read the backend',
      { connection: { denied: ['GetBackend'] } },
      {
        title: 'Backend not checked',
        text: 'The role has no permission to read the backend (amplifybackend:GetBackend): 403 AccessDeniedException: User is not authorized to perform that. A missing environment or auth resource shows only when the job fails.',
      },
    ],
    [
      'GetBackend fails in every attempt',
      {
        context: { maxAttempts: 2 },
        connection: { always: { GetBackend: { failure: 'internalError' } } },
      },
      {
        title: 'Backend not checked',
        text: 'GetBackend failed: 500: Internal server error. A missing environment or auth resource shows only when the job fails.',
      },
    ],
  ])('An apply continues with a warning when %s', async (_when, scenario, warning) => {
    const { end, recorded } = await summarizeApply(scenario)
    expect(end).toEqual(CREATED)
    expect(recorded.warnings[0]).toEqual(warning)
  })

  test('A backend that cannot be read before the deadline ends the run', async () => {
    const { end, sent } = await summarizeApply({
      context: { timeoutMs: 60_000, maxAttempts: 20 },
      connection: { always: { GetBackend: { failure: 'throttled' } } },
    })
    expect(end).toMatchObject({ code: 'TIMED_OUT', result: 'timed-out' })
    expect(sent).toEqual([])
  })

  test('The preconditions are checked once, however often the create has to wait', async () => {
    const { sent, warnings } = await summarizeApply({
      connection: { denied: ['GetBackend'] },
      events: [otherJob({ toMs: 10_000 })],
    })
    expect(sent).toHaveLength(2)
    expect(warnings).toEqual(['Backend not checked'])
  })
})
