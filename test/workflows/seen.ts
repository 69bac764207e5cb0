/** What the emulator shows of the storage that the examples ask for. */
import { addStorage, type Emulator, type TrustPolicy } from '../../emulator/emulator.ts'

/** The permissions that the examples ask for. */
export const asked = { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] } as const

/** The permissions of the storage `media` of an environment; undefined where there is none. */
export const permissionsIn = (emulator: Emulator, environment = 'prod', appId?: string): unknown =>
  emulator.environment(environment, appId).storages.get('media')?.permissions

/** The bucket of the storage `media`; empty where there is none. */
export const bucketIn = (emulator: Emulator, environment = 'prod', appId?: string): string =>
  emulator.environment(environment, appId).storages.get('media')?.bucket ?? ''

/** How often the emulator was asked to write. */
export const writes = (emulator: Emulator): number =>
  emulator.calls('CreateBackendStorage').length + emulator.calls('UpdateBackendStorage').length

/** The roles that were asked for, one after the other. */
export const rolesAsked = (emulator: Emulator): readonly unknown[] =>
  emulator.calls('AssumeRoleWithWebIdentity').map(({ roleArn }) => roleArn)

/** Adds the storage as the examples ask for it. */
export function addAsked(emulator: Emulator): void {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: [...asked.authenticated] },
  })
}

/** A trust policy that asks for more claims. */
export const withConditions = (
  trust: TrustPolicy,
  equals: Record<string, string>,
): TrustPolicy => ({
  ...trust,
  Statement: trust.Statement.map((statement) => ({
    ...statement,
    Condition: {
      ...statement.Condition,
      StringEquals: { ...statement.Condition?.['StringEquals'], ...equals },
    },
  })),
})
