/** Runs the cases of one test at the same time, since a run of the bundle mostly waits. */
import { sampleCases } from './sampling.ts'

/**
 * As many variants as `some` has; see test/support/sampling.ts.
 *
 * @param run throws when its case fails; the error then names the case
 */
export async function forEachCase<T>(
  variants: Readonly<Record<string, T>>,
  run: (variant: T, name: string) => Promise<void>,
  concurrency = 3,
): Promise<void> {
  const left = [...sampleCases(Object.entries(variants))]
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [name, variant] = next
      try {
        await run(variant, name)
      } catch (error) {
        if (error instanceof Error) error.message = `${name}: ${error.message}`
        throw error
      }
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: concurrency }, work))
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
}
