/** What can go wrong, by name. */
import { addJob, addStorage, allow, endJob, readActions, type Emulator } from '../emulator.ts'
import type { FaultOrder } from '../faults.ts'

type Trouble = Readonly<{ what: string; order(emulator: Emulator): void }>

const create = 'CreateBackendStorage'

const spoil =
  (...faults: FaultOrder[]) =>
  (emulator: Emulator): void => {
    for (const fault of faults) emulator.orderFault(fault)
  }

const troubles: Readonly<Record<string, Trouble>> = {
  '429': {
    what: 'the create is throttled twice',
    order: spoil({ operation: create, kind: 'status', status: 429, times: 2 }),
  },
  '504-before-effect': {
    what: 'a gateway time-out, and nothing was created',
    order: spoil({ operation: create, kind: 'status', status: 504 }),
  },
  '504-after-effect': {
    what: 'a gateway time-out, although the create took effect',
    order: spoil({ operation: create, kind: 'status', status: 504, when: 'after' }),
  },
  '504-late-effect': {
    what: 'a gateway time-out; the create takes effect 8 seconds later',
    order: spoil({ operation: create, kind: 'status', status: 504, when: 'late', lateMs: 8_000 }),
  },
  'reset-after-effect': {
    what: 'the connection breaks, although the create took effect',
    order: spoil({ operation: create, kind: 'reset', when: 'after' }),
  },
  'empty-answer': {
    what: 'an empty 200, although the create took effect',
    order: spoil({ operation: create, kind: 'empty', when: 'after' }),
  },
  'html-502': {
    what: "a proxy's page instead of an answer, and nothing was created",
    order: spoil({ operation: create, kind: 'html', status: 502 }),
  },
  'pending-job': {
    what: 'a job of somebody else is running',
    order: (emulator) => {
      const job = addJob(emulator.environment(), {
        operation: 'UpdateBackendAuth',
        status: 'RUNNING',
        createTime: String(emulator.clock.now()),
      })
      emulator.clock.setTimeout(() => {
        endJob(job, 'COMPLETED', emulator.clock.now())
      }, 6_000)
    },
  },
  'failed-job': {
    what: 'the job fails because a bucket of that name was left behind',
    order: (emulator) => {
      emulator.orderJob({
        error: 'CREATE_FAILED S3Bucket AWS::S3::Bucket acme-media already exists',
      })
    },
  },
  'missing-permission': {
    what: 'the job fails because the role may not create a bucket',
    order: (emulator) => {
      emulator.orderJob({
        error:
          'User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/run is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::acme-media',
      })
    },
  },
  'different-storage': {
    what: 'the storage exists with other permissions',
    order: (emulator) => {
      addStorage(emulator.environment(), {
        resourceName: 'media',
        permissions: { authenticated: ['READ'] },
      })
    },
  },
  'no-auth': {
    what: 'the environment has no auth resource',
    order: (emulator) => {
      emulator.environment().auth = false
    },
  },
  'not-found': {
    what: 'the service does not know the app',
    order: spoil(
      { operation: 'GetBackendStorage', kind: 'status', status: 404, times: 'always' },
      { operation: 'GetBackend', kind: 'status', status: 404, times: 'always' },
    ),
  },
  'bad-request': {
    what: 'the service refuses the create as invalid',
    order: spoil({ operation: create, kind: 'status', status: 400, message: 'Invalid request' }),
  },
  'access-denied': {
    what: 'the role may not create',
    // By the role's policy, so that the refusal names who, what and on what, as AWS words it.
    order: ({ world }) => {
      for (const role of world.roles.values()) role.policies = [allow(readActions)]
    },
  },
  'token-503': {
    what: 'the token service is down twice',
    order: spoil({ operation: 'token', kind: 'status', status: 503, times: 2 }),
  },
  'role-refused': {
    what: "the role's trust policy does not match",
    order: spoil({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 403,
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      times: 'always',
    }),
  },
}

/** What every name stands for. */
export const faults: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(troubles).map(([name, { what }]) => [name, what]),
)

export const isFault = (name: string): boolean => Object.hasOwn(troubles, name)

export function orderFault(emulator: Emulator, name: string): void {
  troubles[name]?.order(emulator)
}
