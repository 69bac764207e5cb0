/** Storages for tests of pure decisions. */
import { parseStorage, type DesiredStorage, type Storage } from '../../../src/storage/model.ts'

export const aDesiredStorage = (members: Partial<DesiredStorage> = {}): DesiredStorage => ({
  resourceName: 'media',
  serviceName: 'S3',
  bucketName: 'photos',
  authenticated: ['READ', 'DELETE'],
  unauthenticated: undefined,
  ...members,
})

export function aStorage(
  authenticated: readonly string[],
  unauthenticated: readonly string[] = [],
  bucketName: string | null = 'photos',
): Storage {
  const storage = parseStorage({
    BucketName: bucketName,
    Permissions: { Authenticated: authenticated, UnAuthenticated: unauthenticated },
  })
  if (storage === undefined) throw new Error('The response has no storage.')
  return storage
}
