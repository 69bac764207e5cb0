import { Socket } from 'node:net'
import { AmplifyBackendClient } from '@aws-sdk/client-amplifybackend'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { rehearse, rehearseAfter } from '../../src/rehearsal.ts'

describe('a rehearsal', () => {
  const connect = vi.fn(() => {
    throw new Error('the network was touched')
  })
  beforeEach(() => {
    connect.mockClear()
    vi.spyOn(Socket.prototype, 'connect').mockImplementation(connect)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
    vi.unstubAllEnvs()
  })

  it('goes through a storage that is not there and a backend that is, and reaches nobody', async () => {
    const send = vi.spyOn(AmplifyBackendClient.prototype, 'send')
    await rehearse('eu-west-1')
    expect(send.mock.settledResults).toMatchObject([
      { type: 'rejected', value: { name: 'NotFoundException' } },
      { type: 'fulfilled', value: { AppId: 'rehearsal' } },
    ])
    expect(connect).not.toHaveBeenCalled()
  })

  it.each([
    ['AWS_ENDPOINT_URL', 'no url'],
    ['AWS_CONFIG_FILE', '/dev/null/nothing'],
    ['AWS_RETRY_MODE', 'often'],
  ])('never fails, with %s=%s neither', async (name, value) => {
    vi.stubEnv(name, value)
    await expect(rehearse('eu-west-1')).resolves.toBeUndefined()
  })

  it('begins a moment after the token has come', async () => {
    vi.useFakeTimers()
    rehearseAfter(Promise.resolve('token'), 'eu-west-1')
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(1)
  })

  it('does not begin once the credentials are there, nor without a token', async () => {
    vi.useFakeTimers()
    const late = rehearseAfter(Promise.resolve('token'), 'eu-west-1')
    const early = rehearseAfter(Promise.resolve('token'), 'eu-west-1')
    rehearseAfter(Promise.reject(new Error('no token')), 'eu-west-1')
    early()
    await vi.advanceTimersByTimeAsync(0)
    late()
    expect(vi.getTimerCount()).toBe(0)
  })
})
