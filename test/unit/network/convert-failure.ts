/** Errors, converted to failures of a create. */
import {
  toApiFailure,
  type ApiFailure,
  type FailureContext,
  type ResponseHead,
} from '../../../src/network/failure.ts'
import { unredacted } from '../../support/unit/storage-context.ts'

export const convert = (error: unknown, members: Partial<FailureContext> = {}): ApiFailure =>
  toApiFailure(error, {
    operation: 'CreateBackendStorage',
    connected: true,
    head: undefined,
    redact: unredacted,
    ...members,
  })

export const headOf = (status: number, headers: ResponseHead['headers'] = {}): ResponseHead => ({
  status,
  headers,
})

/** An error as the SDK throws it. */
export const sdkError = (name: string, message: string, metadata: object = {}): Error =>
  Object.assign(new Error(message), { name, $metadata: metadata })
