/** A client of AWS that somebody else wrote, seen from here. */
import type { Emulator } from '../../../emulator/emulator.ts'
import type { Keys } from '../../support/emulator-requests.ts'

export type Request = {
  readonly service: 'amplifybackend' | 'sts'
  readonly operation: string
  /** In the names of the SDKs. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly emulator: Emulator
  /** The account's user when left out; null for a call that is not signed. */
  readonly keys?: Keys | null
  /** One attempt when left out; `default` leaves it to the client. */
  readonly retries?: 'default' | 'legacy' | 'standard'
}

/** What a client made of an answer. */
export type ClientResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      /** The name of the error, as the client reports it. */
      readonly name: string
      readonly message: string
      /** What else the client reports, if anything. */
      readonly details: unknown
    }

export type Client = {
  readonly title: string
  send(request: Request): Promise<ClientResult>
  stop(): void
}

/** The region of every call: where the emulator has its users look by default. */
export const region = 'eu-west-1'

export const getKeys = ({ keys, emulator }: Request): Keys | undefined =>
  keys === null ? undefined : (keys ?? emulator.state.user)

/** Everything that a client could pick up by itself, switched off. */
export const isolatedEnv = {
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  LANG: 'C.UTF-8',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
} as const
