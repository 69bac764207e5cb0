/** Runs the variants of one case side by side, since most of a bundle's run is waiting. */
import { sampleCases } from './sampling.ts'

/**
 * As many variants as `some` has; see test/support/sampling.ts.
 *
 * @param run must throw where the variant fails; the error then names it
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
