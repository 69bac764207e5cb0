/** The faults that `npm run try` can inject, by name. */
import {
  addJob,
  addStorage,
  allowPolicy,
  endJob,
  readActions,
  type Emulator,
  type FaultSpec,
  type OperationName,
} from '../emulator.ts'
import type { Environment, Permission } from '../state/backends.ts'

/** What the step names, which a fault happens to. */
export type FaultTarget = Readonly<{
  environment: Environment
  resourceName: string
  bucketName: string
  /** The name that the step gives its bucket; undefined if it gives none. */
  baseName: string | undefined
  /** The permissions that the step asks for, as its input has them. */
  authenticated: string
  unauthenticated: string
  /** The ARN of the role or user whose credentials it has. */
  principal: string
}>

type NamedFault = Readonly<{
  description: string
  /** The fault has no effect on a run that calls none of them. */
  operations: readonly OperationName[]
  inject: (emulator: Emulator, target: FaultTarget) => void
}>

const create = 'CreateBackendStorage'
const mutations = [create, 'UpdateBackendStorage'] as const

const injectFaults = (...faults: FaultSpec[]): Omit<NamedFault, 'description'> => ({
  operations: faults.map(({ operation }) => operation),
  inject: (emulator) => {
    for (const fault of faults) emulator.injectFault(fault)
  },
})

/** Permissions that differ from those in an input. */
const otherThan = (requested: string): Permission[] =>
  /create|delete/i.test(requested) ? ['READ'] : ['READ', 'CREATE_AND_UPDATE', 'DELETE']

/** The ARN of a session of a role; that of a user stays as it is. */
function sessionOf(principal: string): string {
  const [, partition = '', , , accountId = '', resource = ''] = principal.split(':')
  if (!resource.startsWith('role/')) return principal
  return `arn:${partition}:sts::${accountId}:assumed-role/${resource.split('/').at(-1) ?? ''}/run`
}

const namedFaults: Readonly<Record<string, NamedFault>> = {
  '429': {
    description: 'the create is throttled twice',
    ...injectFaults({ operation: create, kind: 'status', status: 429, times: 2 }),
  },
  '504-before-effect': {
    description: 'a gateway timeout, and the create took no effect',
    ...injectFaults({ operation: create, kind: 'status', status: 504 }),
  },
  '504-after-effect': {
    description: 'a gateway timeout, although the create took effect',
    ...injectFaults({ operation: create, kind: 'status', status: 504, when: 'after' }),
  },
  '504-late-effect': {
    description: 'a gateway timeout; the create takes effect 8 seconds later',
    ...injectFaults({
      operation: create,
      kind: 'status',
      status: 504,
      when: 'late',
      lateMs: 8_000,
    }),
  },
  'reset-after-effect': {
    description: 'the connection is reset, although the create took effect',
    ...injectFaults({ operation: create, kind: 'reset', when: 'after' }),
  },
  'empty-response': {
    description: 'an empty 200 response, although the create took effect',
    ...injectFaults({ operation: create, kind: 'empty', when: 'after' }),
  },
  'html-502': {
    description: 'a page of HTML from a proxy, and the create took no effect',
    ...injectFaults({ operation: create, kind: 'html', status: 502 }),
  },
  'pending-job': {
    description: 'another job is running',
    operations: mutations,
    inject: (emulator, { environment }) => {
      const job = addJob(environment, {
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
    operations: mutations,
    inject: (emulator, { bucketName }) => {
      emulator.planJob({
        error: `CREATE_FAILED S3Bucket AWS::S3::Bucket ${bucketName} already exists`,
      })
    },
  },
  'missing-permission': {
    description: 'the job fails because its role cannot create a bucket',
    operations: mutations,
    inject: (emulator, { bucketName, principal }) => {
      const [, partition = ''] = principal.split(':')
      emulator.planJob({
        error: `User: ${sessionOf(principal)} is not authorized to perform: s3:CreateBucket on resource: arn:${partition}:s3:::${bucketName}`,
      })
    },
  },
  'different-storage': {
    description: 'the storage exists with other permissions',
    operations: ['GetBackendStorage'],
    inject: (_, { environment, resourceName, baseName, authenticated, unauthenticated }) => {
      // Another bucket would be an error of its own, before the permissions count.
      addStorage(environment, {
        resourceName,
        bucketName: baseName,
        permissions: {
          authenticated: otherThan(authenticated),
          ...(unauthenticated === '' ? {} : { unAuthenticated: otherThan(unauthenticated) }),
        },
      })
    },
  },
  'no-auth': {
    description: 'the environment has no auth resource',
    operations: ['GetBackend', ...mutations],
    inject: (_, { environment }) => {
      environment.auth = false
    },
  },
  'not-found': {
    description: 'the service does not find the app',
    ...injectFaults(
      { operation: 'GetBackendStorage', kind: 'status', status: 404, times: 'always' },
      { operation: 'GetBackend', kind: 'status', status: 404, times: 'always' },
    ),
  },
  'bad-request': {
    description: 'the service rejects the create as invalid',
    ...injectFaults({
      operation: create,
      kind: 'status',
      status: 400,
      message: 'Invalid request',
    }),
  },
  'validation-exception': {
    description: 'the service reports an error that its model does not have',
    ...injectFaults({
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
    ...injectFaults({
      operation: create,
      kind: 'status',
      status: 400,
      message: 'Error occured during Create backend using processor: ResourceNotFoundException',
    }),
  },
  'access-denied': {
    description: 'the role has no permission to create storage',
    operations: mutations,
    // The role's policy denies it, so that the error names the principal, the action and the resource.
    inject: ({ state }) => {
      for (const role of state.roles.values()) role.policies = [allowPolicy(readActions)]
    },
  },
  'token-503': {
    description: "GitHub's token service fails twice",
    ...injectFaults({ operation: 'token', kind: 'status', status: 503, times: 2 }),
  },
  'role-refused': {
    description: "the role's trust policy does not match",
    ...injectFaults({
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

/**
 * Injects a fault by its name.
 *
 * @returns whether the calls so far include one that the fault can affect
 */
export function injectNamedFault(
  emulator: Emulator,
  name: string,
  target: FaultTarget,
): () => boolean {
  const fault = namedFaults[name]
  fault?.inject(emulator, target)
  return () => fault?.operations.some((operation) => emulator.calls(operation).length > 0) ?? false
}
