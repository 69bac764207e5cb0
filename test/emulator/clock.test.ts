import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

import { clockEnv, scaledClock } from '../support/scaled-clock.ts'
import { createStorage, getJob, getJobId, start } from '../support/emulator-requests.ts'

const preload = new URL('../support/preload/scaled-clock.ts', import.meta.url).href
const scale = 20

/** Runs a module in a child whose time is scaled; gives back what it prints. */
async function inChild(source: string, originMs = Date.now()): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', preload, '--input-type=module', '--eval', source],
    { env: { PATH: process.env['PATH'], ...clockEnv(scale, originMs) }, timeout: 20_000 },
  )
  return JSON.parse(stdout)
}

/** A script that prints how long an expression takes by the real clock, by Date and by performance. */
const measure = (setup: string, wait: string): string => `
  ${setup}
  const real = () => Number(process.hrtime.bigint()) / 1e6
  const before = [real(), Date.now(), performance.now()]
  await ${wait}
  const after = [real(), Date.now(), performance.now()]
  console.log(JSON.stringify(after.map((time, index) => time - before[index])))
`

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.map(Number) : [])

describe('scaled time in a child', () => {
  const keepAlive = 'setTimeout(() => {}, 2500)'

  test.each([
    ['setTimeout', '', 'new Promise((resolve) => setTimeout(resolve, 2000))'],
    ['setInterval', keepAlive, 'new Promise((resolve) => setInterval(resolve, 2000).unref())'],
    [
      'node:timers',
      "import * as timers from 'node:timers'",
      'new Promise((resolve) => timers.setTimeout(resolve, 2000))',
    ],
    ['promisify', "import { promisify } from 'node:util'", 'promisify(setTimeout)(2000)'],
    ['timers/promises', "import { setTimeout as sleep } from 'timers/promises'", 'sleep(2000)'],
    [
      'AbortSignal.timeout',
      `import { once } from 'node:events'\n${keepAlive}`,
      "once(AbortSignal.timeout(2000), 'abort')",
    ],
    [
      "a socket's timer",
      `import { once } from 'node:events'
       import { connect, createServer } from 'node:net'
       const server = createServer().listen(0, '127.0.0.1')
       await once(server, 'listening')
       const socket = connect(server.address().port, '127.0.0.1')
       await once(socket, 'connect')
       server.unref()
       socket.setTimeout(2000, () => socket.destroy())`,
      "once(socket, 'close')",
    ],
  ])('Scaled time shortens %s', async (_, setup, wait) => {
    const [real = NaN, date = NaN, performance = NaN] = numbers(await inChild(measure(setup, wait)))
    expect(real).toBeGreaterThan(80)
    expect(real).toBeLessThan(1000)
    expect(date).toBeGreaterThan(1600)
    expect(Math.abs(date - real * scale)).toBeLessThan(100)
    expect(Math.abs(performance - real * scale)).toBeLessThan(100)
  })

  test('The time of the child is that of a clock with the same scale and origin', async () => {
    const origin = Date.now() - 10_000
    const clock = scaledClock(scale, origin)
    const before = clock.now()
    const time = Number(await inChild('console.log(Date.now())', origin))
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(clock.now())
  })

  test('The child does not start with an invalid scale', async () => {
    const run = promisify(execFile)(process.execPath, ['--import', preload, '--eval', ''], {
      env: { CLOCK_SCALE: 'fast' },
    })
    await expect(run).rejects.toThrow('CLOCK_SCALE must be a positive number')
  })
})

test('The preload is a file that Node can import by its path', () => {
  expect(fileURLToPath(preload)).toMatch(/scaled-clock\.ts$/)
})

test('The emulator uses the clock that it is given', async () => {
  // A machine that stalls for seconds still sees the job pending first.
  const emulator = await start({ clock: scaledClock(20), rules: { jobMs: 60_000 } })
  const jobId = getJobId(await createStorage(emulator))
  expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'PENDING' })
  await expect
    .poll(async () => (await getJob(emulator, jobId)).json, { timeout: 20_000 })
    .toMatchObject({ status: 'COMPLETED' })
})
