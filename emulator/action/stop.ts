/** The post step: logs the calls that the emulator received, and stops it. */
import { isObject } from '../lib/validation.ts'
import { info } from './runner.ts'

const timeoutMs = 10_000

const toText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '-'

function describeCall(call: unknown): string {
  if (!isObject(call)) return '-'
  const { time, service, operation, status, roleArn } = call
  const at = typeof time === 'number' ? new Date(time).toISOString() : '-'
  const role = typeof roleArn === 'string' ? ` as ${roleArn}` : ''
  return `${at} ${toText(service)} ${toText(operation)} ${toText(status)}${role}`
}

async function send(url: string, method: 'GET' | 'POST'): Promise<unknown> {
  const response = await fetch(url, { method, signal: AbortSignal.timeout(timeoutMs) })
  return response.json()
}

/** Stops an emulator by its URL; one that runs no longer is no error. */
export async function stop(url: string): Promise<void> {
  let calls: unknown
  try {
    calls = await send(`${url}/_emulator/requests`, 'GET')
  } catch {
    info('The emulator runs no longer.')
    return
  }
  const list: readonly unknown[] = Array.isArray(calls) ? calls : []
  info(`The emulator received ${list.length} calls:`)
  for (const call of list) info(describeCall(call))
  try {
    await send(`${url}/_emulator/stop`, 'POST')
  } catch {
    // It ended before the response arrived.
  }
}
