/**
 * Measures a whole run: `npm run bench [-- --rounds N] [--write]`. The candidates take turns, so that other
 * load on the machine affects all of them alike; the medians of all rounds are reported.
 *
 * Bounds: the action takes at most 1.8 times as long as the script without libraries on loopback, and at
 * most 1.2 times with a latency of 50 ms. The process exits with 1 above them.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { startEmulator, type Emulator } from '../emulator/emulator.ts'
import { operationNames } from '../emulator/lib/operations.ts'
import { createCandidates, createTempFolder, type Candidate } from './candidates.ts'
import { barChart } from './chart.ts'
import { docsPath, writeSection } from './docs.ts'
import { findLoadedFiles, measureNodeUsage, measureWallMs, median, type Usage } from './measure.ts'

const MAX_RATIO = { loopback: 1.8, distant: 1.2 }
const LATENCY_MS = 50
const USAGE_ROUNDS = 7
/** Clients in Python start slowly. */
const MAX_CLIENT_ROUNDS = 9

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '31' },
    write: { type: 'boolean', default: false },
  },
})
const rounds = Math.min(500, Math.max(3, Number(values.rounds) || 31))

type Row = Readonly<{
  candidate: Candidate
  loopbackMs: number
  /** Undefined where it was not measured. */
  distantMs: number | undefined
  usage: Usage | undefined
}>

/** Medians of the wall times in milliseconds, by the name of the candidate. */
async function measureTimes(
  emulator: Emulator,
  candidates: readonly Candidate[],
  latencyMs: number,
  count: number,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>(candidates.map(({ name }) => [name, []]))
  for (let turn = 0; turn < count; turn += 1) {
    for (const { name, command } of turn % 2 === 0 ? candidates : candidates.toReversed()) {
      emulator.reset()
      if (latencyMs > 0) addLatency(emulator, latencyMs)
      times.get(name)?.push(await measureWallMs(command))
    }
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]))
}

function addLatency(emulator: Emulator, ms: number): void {
  for (const operation of operationNames) {
    emulator.injectFault({ operation, kind: 'delay', ms, times: 'always' })
  }
}

async function measureUsage(emulator: Emulator, { command }: Candidate): Promise<Usage> {
  const usages: Usage[] = []
  for (let turn = 0; turn < USAGE_ROUNDS; turn += 1) {
    emulator.reset()
    usages.push(await measureNodeUsage(command))
  }
  return {
    cpuMs: median(usages.map(({ cpuMs }) => cpuMs)),
    peakMiB: median(usages.map(({ peakMiB }) => peakMiB)),
  }
}

async function measureRows(
  emulator: Emulator,
  candidates: readonly Candidate[],
): Promise<readonly Row[]> {
  const scripts = candidates.filter(({ isNode }) => isNode)
  const clients = candidates.filter(({ isNode }) => !isNode)
  // Warms the caches of files.
  await measureTimes(emulator, scripts, 0, 2)
  const loopback = new Map([
    ...(await measureTimes(emulator, scripts, 0, rounds)),
    ...(await measureTimes(emulator, clients, 0, Math.min(MAX_CLIENT_ROUNDS, rounds))),
  ])
  const distant = await measureTimes(emulator, scripts, LATENCY_MS, rounds)
  const rows: Row[] = []
  for (const candidate of candidates) {
    rows.push({
      candidate,
      loopbackMs: loopback.get(candidate.name) ?? NaN,
      distantMs: distant.get(candidate.name),
      usage: candidate.isNode ? await measureUsage(emulator, candidate) : undefined,
    })
  }
  return rows
}

/** What one run of the action sends and loads, and how long it takes with a job of 10 seconds. */
async function describeRun(emulator: Emulator, { command }: Candidate): Promise<string> {
  emulator.reset()
  await measureWallMs(command)
  const requests = emulator.requests.length
  const bytes = emulator.requests.reduce((sum, { rawBody }) => sum + Buffer.byteLength(rawBody), 0)

  emulator.reset()
  emulator.planJob({ ms: 10_000 })
  const waitingMs = await measureWallMs({ ...command, env: { ...command.env, INPUT_WAIT: 'true' } })

  emulator.reset()
  const loaded = await findLoadedFiles(command, dist)
  return [
    `The action's run sends ${requests} requests with ${bytes} bytes of body; with a job of 10 s it takes ${(waitingMs / 1000).toFixed(1)} s.`,
    `dist has ${formatSize(readdirSync(dist))}; this run loads ${loaded.length} of its files with ${formatSize(loaded)}.`,
  ].join('\n')
}

function formatSize(files: readonly string[]): string {
  const sum = (size: (path: string) => number): number =>
    files.reduce((total, name) => total + size(join(dist, name)), 0)
  const compressed = sum((path) => gzipSync(readFileSync(path)).length)
  return `${sum((path) => statSync(path).size)} bytes (${compressed} gzipped)`
}

function renderTable(rows: readonly Row[], baseline: Row): string {
  const cell = (value: number | undefined, digits = 0): string => value?.toFixed(digits) ?? ''
  return [
    '| | loopback (ms) | ratio | 50 ms latency (ms) | ratio | CPU (ms) | peak memory (MiB) |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...rows.map(({ candidate, loopbackMs, distantMs, usage }) => {
      const cells = [
        candidate.label,
        cell(loopbackMs),
        cell(loopbackMs / baseline.loopbackMs, 2),
        cell(distantMs),
        cell(ratio(distantMs, baseline.distantMs), 2),
        cell(usage?.cpuMs),
        cell(usage?.peakMiB),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ].join('\n')
}

const ratio = (value: number | undefined, base: number | undefined): number | undefined =>
  value === undefined || base === undefined ? undefined : value / base

function findRow(rows: readonly Row[], name: string): Row {
  const row = rows.find(({ candidate }) => candidate.name === name)
  if (row === undefined) throw new Error(`No candidate ${name}`)
  return row
}

const emulator = await startEmulator({ rules: { jobMs: 1_000 } })
const folder = createTempFolder()
try {
  const rows = await measureRows(emulator, createCandidates(emulator, folder))
  const [action, baseline] = [findRow(rows, 'action'), findRow(rows, 'baseline')]
  const text = [
    renderTable(rows, baseline),
    '',
    `Medians of ${rounds} rounds on Node ${process.versions.node} (other clients: ${MAX_CLIENT_ROUNDS} rounds).`,
    await describeRun(emulator, action.candidate),
  ].join('\n')
  process.stdout.write(`${text}\n`)
  if (values.write) {
    writeSection('bench', text)
    const bars = rows.map(({ candidate, loopbackMs }) => ({
      label: candidate.label.replaceAll('`', ''),
      value: loopbackMs,
    }))
    writeFileSync(
      docsPath('pictures/run-time.svg'),
      barChart('Whole run on loopback, milliseconds', bars),
    )
  }
  const isTooSlow =
    action.loopbackMs / baseline.loopbackMs > MAX_RATIO.loopback ||
    (ratio(action.distantMs, baseline.distantMs) ?? NaN) > MAX_RATIO.distant
  if (isTooSlow) {
    process.stderr.write(
      `The action is slower than ${MAX_RATIO.loopback} times (loopback) or ${MAX_RATIO.distant} times (latency) the script.\n`,
    )
    process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
  await emulator.stop()
}
