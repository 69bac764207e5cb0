/** A headless Chromium, controlled by the DevTools Protocol. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isObject } from '../../emulator/lib/validation.ts'

export type Tab = Readonly<{
  /** Shows a page on a screen of this width in CSS pixels. */
  show(html: string, width: number, scale: number): Promise<void>
  /** A screenshot of the page as PNG. */
  capture(height: number, width: number): Promise<Buffer>
  /** Evaluates an expression on the page; the value must be JSON. */
  evaluate(expression: string): Promise<unknown>
}>

export type Browser = Readonly<{ tab: Tab; close(): Promise<void> }>

/** @throws Error when Chromium is not installed or does not start */
export async function openBrowser(program = 'chromium'): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'pictures-'))
  const child = spawn(
    program,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      // Subpixel rendering only makes the files larger.
      '--disable-lcd-text',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000, killSignal: 'SIGKILL' },
  )
  const port = await listeningPort(child)
  const socket = await connect(port)
  return {
    tab: createTab(socket),
    close: async () => {
      socket.close()
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function listeningPort(child: ChildProcess): Promise<string> {
  const { stderr } = child
  if (stderr === null) throw new Error('Chromium has no output')
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(`Chromium does not start: ${String(error)}`)
  })
  const said = (async () => {
    for await (const line of createInterface({ input: stderr })) {
      const port = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1]
      if (port !== undefined) return port
    }
    throw new Error('Chromium ended before it could be talked to')
  })()
  return await Promise.race([said, failed])
}

async function connect(port: string): Promise<WebSocket> {
  const tabs: unknown = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
  const tab = (Array.isArray(tabs) ? tabs : []).filter(isObject).find(({ type }) => type === 'page')
  const address = tab?.['webSocketDebuggerUrl']
  if (typeof address !== 'string') throw new Error('Chromium shows no page')
  const socket = new WebSocket(address)
  await once(socket, 'open')
  return socket
}

function createTab(socket: WebSocket): Tab {
  let last = 0
  const waiting = new Map<number, (message: Readonly<Record<string, unknown>>) => void>()
  socket.addEventListener('message', ({ data }) => {
    const message: unknown = JSON.parse(String(data))
    if (!isObject(message) || typeof message['id'] !== 'number') return
    waiting.get(message['id'])?.(message)
    waiting.delete(message['id'])
  })
  const call = async (
    method: string,
    params: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    last += 1
    const { promise, resolve } = Promise.withResolvers<Readonly<Record<string, unknown>>>()
    waiting.set(last, resolve)
    socket.send(JSON.stringify({ id: last, method, params }))
    const { result, error } = await promise
    if (!isObject(result)) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return result
  }
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await call('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return isObject(result) ? result['value'] : undefined
  }
  return {
    evaluate,
    show: async (html, width, scale) => {
      const screen = { width, height: 600, deviceScaleFactor: scale, mobile: false }
      await call('Emulation.setDeviceMetricsOverride', screen)
      await evaluate(
        `document.open(); document.write(${JSON.stringify(html)}); document.close(); document.fonts.ready.then(() => 0)`,
      )
    },
    capture: async (height, width) => {
      const clip = { x: 0, y: 0, width, height, scale: 1 }
      const { data } = await call('Page.captureScreenshot', {
        format: 'png',
        clip,
        captureBeyondViewport: true,
      })
      return Buffer.from(String(data), 'base64')
    },
  }
}
