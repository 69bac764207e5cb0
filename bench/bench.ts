/**
 * What a run costs: `npm run bench [-- --rounds N] [--write]`. The contestants take turns, so that what
 * else the machine does falls on all of them; the middle of all rounds counts.
 */
import { readFileSync, rmSync, statSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { operationNames, type OperationName } from '../emulator/lib/operations.ts'
import { startEmulator, type Emulator } from '../emulator/emulator.ts'
import { barChart } from './chart.ts'
import { createCandidates, createTempFolder, type Candidate } from './candidates.ts'
import { findLoadedFiles, median, measureNodeUsage, measureWallMs, type Usage } from './measure.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '31' },
    write: { type: 'boolean', default: false },
  },
})
const rounds = Math.min(500, Math.max(3, Number(values.rounds) || 31))
const round = (value: number, digits = 0): string => value.toFixed(digits)

type Row = Readonly<{ contestant: Candidate; near: number; far: number; usage: Usage | undefined }>

async function times(
  emulator: Emulator,
  list: readonly Candidate[],
  delayMs: number,
  count: number,
): Promise<ReadonlyMap<string, number>> {
  const walls = new Map<string, number[]>(list.map(({ name }) => [name, []]))
  for (let turn = 0; turn < count; turn += 1) {
    // Who goes first changes from round to round.
    for (const { name, command } of turn % 2 === 0 ? list : list.toReversed()) {
      emulator.reset()
      if (delayMs > 0) delayEverything(emulator, delayMs)
      walls.get(name)?.push(await measureWallMs(command))
    }
  }
  return new Map([...walls].map(([name, all]) => [name, median(all)]))
}

function delayEverything(emulator: Emulator, ms: number): void {
  for (const operation of operationNames satisfies readonly OperationName[]) {
    emulator.injectFault({ operation, kind: 'delay', ms, times: 'always' })
  }
}

async function run(): Promise<void> {
  const emulator = await startEmulator({ rules: { jobMs: 1_000 } })
  const folder = createTempFolder()
  try {
    const list = createCandidates(emulator, folder)
    const slow = list.filter(({ isNode }) => !isNode)
    const quick = list.filter(({ isNode }) => isNode)
    await times(emulator, quick, 0, 2)
    const near = new Map([
      ...(await times(emulator, quick, 0, rounds)),
      ...(await times(emulator, slow, 0, Math.min(9, rounds))),
    ])
    const far = await times(emulator, quick, 50, rounds)
    const rows: Row[] = []
    for (const contestant of list) {
      const usages: Usage[] = []
      for (let turn = 0; contestant.isNode && turn < 7; turn += 1) {
        emulator.reset()
        usages.push(await measureNodeUsage(contestant.command))
      }
      rows.push({
        contestant,
        near: near.get(contestant.name) ?? NaN,
        far: far.get(contestant.name) ?? NaN,
        usage:
          usages.length === 0
            ? undefined
            : {
                cpuMs: median(usages.map(({ cpuMs }) => cpuMs)),
                peakMiB: median(usages.map(({ peakMiB }) => peakMiB)),
              },
      })
    }
    emulator.reset()
    const action = list.find(({ name }) => name === 'action')
    if (action === undefined) throw new Error('no action to measure')
    await measureWallMs(action.command)
    const bytes = emulator.requests.reduce(
      (sum, { rawBody }) => sum + Buffer.byteLength(rawBody),
      0,
    )
    const requests = emulator.requests.length
    const waited = await waitingRun(emulator, action)
    emulator.reset()
    report(rows, requests, bytes, waited, await findLoadedFiles(action.command, join(root, 'dist')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await emulator.stop()
  }
}

/** A run that waits for a job of 10 seconds: how much later than the job it ends. */
async function waitingRun(emulator: Emulator, action: Candidate): Promise<number> {
  emulator.reset()
  emulator.planJob({ ms: 10_000 })
  const env = { ...action.command.env, INPUT_WAIT: 'true' }
  return await measureWallMs({ ...action.command, env })
}

function report(
  rows: readonly Row[],
  requests: number,
  bytes: number,
  waitedMs: number,
  loaded: readonly string[],
): void {
  const plain = rows.find(({ contestant }) => contestant.name === 'plain')
  const ratio = (value: number, base: number | undefined): string =>
    Number.isNaN(value) || base === undefined ? '' : round(value / base, 2)
  const cell = (value: number | undefined, digits = 0): string =>
    value === undefined || Number.isNaN(value) ? '' : round(value, digits)
  const table = [
    '| | wall, loopback (ms) | to the script | wall, 50 ms away (ms) | to the script | CPU (ms) | peak memory (MiB) |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...rows.map(
      ({ contestant, near, far, usage }) =>
        `| ${contestant.label} | ${cell(near)} | ${ratio(near, plain?.near)} | ${cell(far)} | ${ratio(far, plain?.far)} | ${cell(usage?.cpuMs)} | ${cell(usage?.peakMiB)} |`,
    ),
  ]
  const dist = join(root, 'dist')
  const size = (files: readonly string[]): string => {
    const total = files.reduce((sum, name) => sum + statSync(join(dist, name)).size, 0)
    const zipped = files.reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(dist, name))).length,
      0,
    )
    return `${total} bytes (${zipped} gzipped)`
  }
  const facts = [
    `Medians of ${rounds} rounds in turn on Node ${process.versions.node} (clients of others: 9 rounds).`,
    `The action's run is ${requests} requests with ${bytes} bytes of body; with a job of 10 s it takes ${round(waitedMs / 1000, 1)} s.`,
    `dist is ${size(readdirSync(dist))}, of which this run loads ${loaded.length} files: ${size(loaded)}.`,
  ]
  process.stdout.write(`${table.join('\n')}\n\n${facts.join('\n')}\n`)
  if (!values.write) return
  const file = join(root, 'docs/performance.md')
  const text = readFileSync(file, 'utf8')
  const made = `<!-- bench -->\n\n${table.join('\n')}\n\n${facts.join('\n')}\n\n<!-- /bench -->`
  writeFileSync(file, text.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, made))
  writeFileSync(
    join(root, 'docs/pictures/run-time.svg'),
    barChart(
      'Whole run on loopback, milliseconds',
      rows.map(({ contestant, near }) => ({
        label: contestant.label.replaceAll('`', ''),
        value: near,
      })),
    ),
  )
}

await run()
