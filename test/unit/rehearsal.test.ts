import { Socket } from 'node:net'
import { AmplifyBackendClient } from '@aws-sdk/client-amplifybackend'
import { STSClient } from '@aws-sdk/client-sts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createCancellation } from '../../src/run/cancellation.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { readInputs, type Inputs } from '../../src/inputs/read-inputs.ts'
import { rehearseRest, rehearseRole, whileWaiting } from '../../src/rehearsal.ts'
import { createRunContext, type RunContext } from '../../src/run/context.ts'
import type { Toolkit } from '../../src/workflow/toolkit.ts'
import { defaultInputs } from '../support/run-action.ts'
import { toVariables } from '../support/run-in-process.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

describe('a rehearsal', () => {
  const connect = vi.fn(() => {
    throw new Error('the network was touched')
  })
  beforeEach(() => {
    connect.mockClear()
    vi.spyOn(Socket.prototype, 'connect').mockImplementation(connect)
  })
  afterEach(() => {
    expect(connect).not.toHaveBeenCalled()
  })

  const env = toVariables({ ...defaultInputs, 'comment-on-pr': 'true', summary: 'true' })

  function started(): { run: RunContext; inputs: Inputs; told: () => readonly string[] } {
    const told: string[] = []
    const tell = (name: keyof Toolkit) => (): void => {
      told.push(name)
    }
    const toolkit: Toolkit = {
      info: tell('info'),
      debug: tell('debug'),
      startGroup: tell('startGroup'),
      endGroup: tell('endGroup'),
      annotate: tell('annotate'),
      setSecret: tell('setSecret'),
      setOutput: tell('setOutput'),
      writeSummary: async () => {
        await Promise.resolve()
        tell('writeSummary')()
      },
    }
    const { inputs } = readInputs(env)
    if (inputs === undefined) throw new Error('the inputs are good')
    const run = createRunContext({
      env: { ...env, GITHUB_STEP_SUMMARY: '/nowhere', AWS_SECRET_ACCESS_KEY: 'example-secret' },
      readFile: () => '{}',
      clock: systemClock,
      random: Math.random,
      toolkit,
      cancellation: createCancellation(),
    })
    // What the run itself masks at its start.
    told.length = 0
    return { run, inputs, told: () => told }
  }

  it('of the role has an answer of STS that is as good as a real one', async () => {
    const { run, inputs, told } = started()
    const send = vi.spyOn(STSClient.prototype, 'send')
    await rehearseRole(run, inputs)
    expect(send.mock.settledResults).toMatchObject([
      { type: 'fulfilled', value: { Credentials: { Expiration: new Date('2100-01-01') } } },
    ])
    expect(told()).toEqual([])
  })

  it.each([
    ['apply', ['GetBackendStorageCommand', 'GetBackendCommand', 'CreateBackendStorageCommand']],
    ['plan', ['GetBackendStorageCommand', 'GetBackendCommand']],
  ] as const)(
    'of an %s goes through all its calls, tells nothing, and leaves the run as it is',
    async (does, commands) => {
      const { run, inputs, told } = started()
      const before = structuredClone(run.state)
      const send = vi.spyOn(AmplifyBackendClient.prototype, 'send')
      await rehearseRest(run, inputs, does)
      expect(send.mock.calls.map(([command]) => command.constructor.name)).toEqual(commands)
      expect(send.mock.settledResults.map(({ type }) => type)).toEqual(
        ['rejected', 'fulfilled', 'fulfilled'].slice(0, commands.length),
      )
      expect(told()).toEqual([])
      expect(run.state).toEqual(before)
    },
  )

  it.each([
    ['AWS_ENDPOINT_URL', 'no url'],
    ['AWS_CONFIG_FILE', '/dev/null/nothing'],
    ['AWS_RETRY_MODE', 'often'],
  ])('never waits, with %s=%s neither', async (name, value) => {
    vi.stubEnv(name, value)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { run, inputs, told } = started()
    await Promise.allSettled([rehearseRole(run, inputs), rehearseRest(run, inputs, 'apply')])
    expect(vi.getTimerCount()).toBe(0)
    expect(told()).toEqual([])
  })

  it('ends with a run that is cancelled', async () => {
    const { run, inputs, told } = started()
    run.cancellation.cancel('SIGTERM')
    const reason: unknown = run.cancellation.signal.reason
    await expect(rehearseRole(run, inputs)).rejects.toBe(reason)
    await expect(rehearseRest(run, inputs, 'apply')).rejects.toBe(reason)
    expect(told()).toEqual([])
  })
})

describe('while an answer is awaited', () => {
  const rehearse = vi.fn(() => Promise.resolve())
  beforeEach(() => {
    rehearse.mockClear()
    vi.useFakeTimers()
  })

  const never = new Promise(() => undefined)

  it('there is a rehearsal after the pause, and one only', async () => {
    whileWaiting(never, 20, rehearse)
    await vi.advanceTimersByTimeAsync(19)
    expect(rehearse).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(rehearse).toHaveBeenCalledOnce()
  })

  it.each([
    ['an answer', () => Promise.resolve('token')],
    ['a failure', () => Promise.reject(new Error('no token'))],
  ])('there is none once %s is there', async (_, answer) => {
    whileWaiting(answer(), 20, rehearse)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(rehearse).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('the time that the process is busy is no part of the pause', async () => {
    vi.useRealTimers()
    const answer = new Promise((resolve) => setImmediate(resolve))
    whileWaiting(answer, 20, rehearse)
    const startedAt = performance.now()
    while (performance.now() - startedAt < 60);
    await answer
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(rehearse).not.toHaveBeenCalled()
  })

  it('one that fails is nobody’s business', async () => {
    rehearse.mockRejectedValueOnce(new Error('it went wrong'))
    whileWaiting(never, 20, rehearse)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(rehearse).toHaveBeenCalledOnce()
  })
})
