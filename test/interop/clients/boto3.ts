/** The newest boto3, in one long-lived process. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { tool } from '../tools.ts'
import { isolatedEnv, getKeys, region, type Client, type ClientResult } from './client.ts'
import { isObject, object, string } from './json.ts'

const script = fileURLToPath(new URL('boto3_lines.py', import.meta.url))

function parse(response: Readonly<Record<string, unknown>>): ClientResult {
  if (response['failure'] !== undefined) throw new Error(string(response['failure']))
  if (!isObject(response['error'])) return { ok: true, value: response['value'] }
  const { name, message, details } = response['error']
  return { ok: false, name: string(name), message: string(message), details }
}

type PendingCall = {
  readonly resolve: (answer: ClientResult) => void
  readonly reject: (error: Error) => void
}

/** Starts boto3; it ends when it is stopped. */
export function startBoto3(): Client {
  const child = spawn(tool('python'), ['-I', script], {
    env: isolatedEnv,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting = new Map<number, PendingCall>()
  let ended: Error | undefined
  const fail = (error: Error): void => {
    ended = error
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  child.on('error', fail)
  child.stdin.on('error', fail)
  child.on('exit', (code) => {
    fail(new Error(`boto3 ended with ${String(code)}`))
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = object(JSON.parse(line))
    const id = Number(answer['id'])
    const { resolve, reject } = waiting.get(id) ?? {}
    waiting.delete(id)
    try {
      resolve?.(parse(answer))
    } catch (error) {
      reject?.(error instanceof Error ? error : new Error(String(error)))
    }
  })
  let last = 0
  return {
    title: 'boto3',
    send: (request) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended)
          return
        }
        last += 1
        waiting.set(last, { resolve, reject })
        const line = {
          id: last,
          service: request.service,
          operation: request.operation,
          parameters: request.parameters,
          url: request.emulator.url,
          region,
          keys: getKeys(request) ?? null,
          retries: request.retries ?? 'one',
        }
        child.stdin.write(`${JSON.stringify(line)}\n`)
      }),
    stop: () => {
      child.stdin.end()
      child.kill()
    },
  }
}
