/** The faults of the table, and what can be known of the effect of a call that gets one. */
import type { Fault } from '../../../emulator/emulator.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'

export type TableFault = Readonly<{
  /** What the call gets, as titles name it. */
  name: string
  spec: Fault
  /** Whether the call takes effect all the same. */
  effect: 'none' | 'done'
  /** The code of a run that ends with it. */
  code: ErrorCode
}>

const html = '<html><head><title>Bad gateway</title></head><body>Bad gateway</body></html>'

/** The Retry-After of the throttling with one, in seconds. */
export const RETRY_AFTER_SECONDS = 7

const throttlingSpecs: readonly (readonly [name: string, fault: Fault])[] = [
  ['429 with a type', { kind: 'status', status: 429 }],
  ['429 without a type', { kind: 'status', status: 429, errorNameIn: 'none' }],
  [
    '429 with Retry-After',
    {
      kind: 'status',
      status: 429,
      headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    },
  ],
]

const ambiguousFaults: readonly (readonly [name: string, fault: Fault, code: ErrorCode])[] = [
  ['504', { kind: 'status', status: 504 }, 'GATEWAY_TIMEOUT'],
  ['500', { kind: 'status', status: 500 }, 'SERVICE_ERROR'],
  ['502', { kind: 'status', status: 502, errorNameIn: 'none' }, 'SERVICE_ERROR'],
  ['503', { kind: 'status', status: 503 }, 'SERVICE_ERROR'],
  ['an HTML page with 502', { kind: 'html', status: 502, html }, 'SERVICE_ERROR'],
  ['an HTML page with 200', { kind: 'html', status: 200, html }, 'UNREADABLE_RESPONSE'],
  ['an empty 200', { kind: 'empty' }, 'UNREADABLE_RESPONSE'],
  ['{}', { kind: 'body', body: '{}' }, 'UNREADABLE_RESPONSE'],
  ['[]', { kind: 'body', body: '[]' }, 'UNREADABLE_RESPONSE'],
  ['half a response', { kind: 'truncated' }, 'UNREADABLE_RESPONSE'],
  ['a reset', { kind: 'reset' }, 'NO_ANSWER'],
  ['a close', { kind: 'close' }, 'NO_ANSWER'],
  ['no response', { kind: 'stall' }, 'NO_ANSWER'],
  ['garbage', { kind: 'garbage' }, 'UNREADABLE_RESPONSE'],
]

const throttlingFaults: readonly TableFault[] = throttlingSpecs.map(([name, fault]) => ({
  name,
  spec: fault,
  effect: 'none',
  code: 'THROTTLED',
}))

/** For calls that change nothing. */
export const READ_FAULTS: readonly TableFault[] = [
  ...throttlingFaults,
  ...ambiguousFaults.map(([name, spec, code]): TableFault => ({
    name,
    spec,
    code,
    effect: 'none',
  })),
]

/** For calls that change the backend: each ambiguous fault before the effect of the call, and after it. */
export const WRITE_FAULTS: readonly TableFault[] = [
  ...throttlingFaults,
  ...ambiguousFaults.flatMap(([name, spec, code]): TableFault[] => [
    { name: `${name} before the effect`, spec, code, effect: 'none' },
    { name: `${name} after the effect`, spec, code, effect: 'done' },
  ]),
]
