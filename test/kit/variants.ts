/** Runs the variants of one case side by side, since most of a bundle's run is waiting. */
import { some } from './thorough.ts'

/**
 * As many variants as `some` has; see test/kit/thorough.ts.
 *
 * @param run must throw where the variant fails; the error then names it
 */
export async function forEachVariant<T>(
  variants: Readonly<Record<string, T>>,
  run: (variant: T, name: string) => Promise<void>,
  atOnce = 3,
): Promise<void> {
  const left = [...some(Object.entries(variants))]
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
  const workers = await Promise.allSettled(Array.from({ length: atOnce }, work))
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
}
