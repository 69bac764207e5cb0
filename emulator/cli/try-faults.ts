/** The faults that `npm run try` can inject, by name. */
import {
  addJob,
  addStorage,
  allowPolicy,
  endJob,
  readActions,
  type Emulator,
  type FaultSpec,
} from '../emulator.ts'

type NamedFault = Readonly<{ description: string; inject: (emulator: Emulator) => void }>

const create = 'CreateBackendStorage'

const injectFaults =
  (...faults: FaultSpec[]) =>
  (emulator: Emulator): void => {
    for (const fault of faults) emulator.injectFault(fault)
  }

const namedFaults: Readonly<Record<string, NamedFault>> = {
  '429': {
    description: 'the create is throttled twice',
    inject: injectFaults({ operation: create, kind: 'status', status: 429, times: 2 }),
  },
  '504-before-effect': {
    description: 'a gateway timeout, and the create took no effect',
    inject: injectFaults({ operation: create, kind: 'status', status: 504 }),
  },
  '504-after-effect': {
    description: 'a gateway timeout, although the create took effect',
    inject: injectFaults({ operation: create, kind: 'status', status: 504, when: 'after' }),
  },
  '504-late-effect': {
    description: 'a gateway timeout; the create takes effect 8 seconds later',
    inject: injectFaults({
      operation: create,
      kind: 'status',
      status: 504,
      when: 'late',
      lateMs: 8_000,
    }),
  },
  'reset-after-effect': {
    description: 'the connection is reset, although the create took effect',
    inject: injectFaults({ operation: create, kind: 'reset', when: 'after' }),
  },
  'empty-response': {
    description: 'an empty 200 response, although the create took effect',
    inject: injectFaults({ operation: create, kind: 'empty', when: 'after' }),
  },
  'html-502': {
    description: 'a page of HTML from a proxy, and the create took no effect',
    inject: injectFaults({ operation: create, kind: 'html', status: 502 }),
  },
  'pending-job': {
    description: 'another job is running',
    inject: (emulator) => {
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
    description: 'the job fails because a bucket of that name exists already',
    inject: (emulator) => {
      emulator.planJob({
        error: 'CREATE_FAILED S3Bucket AWS::S3::Bucket acme-media already exists',
      })
    },
  },
  'missing-permission': {
    description: 'the job fails because its role cannot create a bucket',
    inject: (emulator) => {
      emulator.planJob({
        error:
          'User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/run is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::acme-media',
      })
    },
  },
  'different-storage': {
    description: 'the storage exists with other permissions',
    inject: (emulator) => {
      addStorage(emulator.environment(), {
        resourceName: 'media',
        permissions: { authenticated: ['READ'] },
      })
    },
  },
  'no-auth': {
    description: 'the environment has no auth resource',
    inject: (emulator) => {
      emulator.environment().auth = false
    },
  },
  'not-found': {
    description: 'the service does not find the app',
    inject: injectFaults(
      { operation: 'GetBackendStorage', kind: 'status', status: 404, times: 'always' },
      { operation: 'GetBackend', kind: 'status', status: 404, times: 'always' },
    ),
  },
  'bad-request': {
    description: 'the service rejects the create as invalid',
    inject: injectFaults({
      operation: create,
      kind: 'status',
      status: 400,
      message: 'Invalid request',
    }),
  },
  'validation-exception': {
    description: 'the service reports an error that its model does not have',
    inject: injectFaults({
      operation: 'GetBackend',
      kind: 'status',
      status: 400,
      name: 'ValidationException',
      message: 'An error occurred while processing your request: null',
      times: 'always',
    }),
  },
  'processor-error': {
    description: 'the service rejects the create because of an error inside it',
    inject: injectFaults({
      operation: create,
      kind: 'status',
      status: 400,
      message: 'Error occured during Create backend using processor: ResourceNotFoundException',
    }),
  },
  'access-denied': {
    description: 'the role has no permission to create storage',
    // The role's policy denies it, so that the error names the principal, the action and the resource.
    inject: ({ state }) => {
      for (const role of state.roles.values()) role.policies = [allowPolicy(readActions)]
    },
  },
  'token-503': {
    description: "GitHub's token service fails twice",
    inject: injectFaults({ operation: 'token', kind: 'status', status: 503, times: 2 }),
  },
  'role-refused': {
    description: "the role's trust policy does not match",
    inject: injectFaults({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 403,
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      times: 'always',
    }),
  },
}

/** The description of each fault, by its name. */
export const faultDescriptions: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(namedFaults).map(([name, { description }]) => [name, description]),
)

export const isNamedFault = (name: string): boolean => Object.hasOwn(namedFaults, name)

/** Injects a fault by its name. */
export function injectNamedFault(emulator: Emulator, name: string): void {
  namedFaults[name]?.inject(emulator)
}
