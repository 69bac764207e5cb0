/** The secrets of a run. The runner masks them in its log; we also remove them from our own texts. */

export type Secrets = Readonly<{
  /** Registers a secret before anything can print it. Ignores values that are shorter than six characters. */
  add(secret: string): void
  /** Replaces every known secret with `***`, for example one that a server repeats in an error. */
  redact(text: string): string
}>

/** Masking shorter values would remove ordinary words from the log. */
const MIN_LENGTH = 6

/** @param setSecret registers a secret with the runner, as `core.setSecret` does */
export function createSecrets(setSecret: (secret: string) => void): Secrets {
  const known = new Set<string>()
  return {
    add: (secret) => {
      if (secret.length < MIN_LENGTH || known.has(secret)) return
      known.add(secret)
      setSecret(secret)
    },
    redact: (text) => {
      // The longest first: replacing a secret that is part of a longer one would reveal the rest of it.
      const longestFirst = [...known].toSorted((a, b) => b.length - a.length)
      return longestFirst.reduce((redacted, secret) => redacted.replaceAll(secret, '***'), text)
    },
  }
}
