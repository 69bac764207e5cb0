/** The secrets of a run: masked in the runner's log, and cut out of our own texts as well. */

export type Secrets = Readonly<{
  /** Masks a secret before anything can print it. Empty and very short values are no secrets. */
  add(secret: string): void
  /** The text without any secret known so far, for example one that a server repeats in an error. */
  redact(text: string): string
}>

/** Shorter values would blank ordinary words all over the log. */
const MIN_LENGTH = 6

/** @param setSecret tells the runner, as `core.setSecret` does */
export function createSecrets(setSecret: (secret: string) => void): Secrets {
  const known = new Set<string>()
  return {
    add: (secret) => {
      if (secret.length < MIN_LENGTH || known.has(secret)) return
      known.add(secret)
      setSecret(secret)
    },
    redact: (text) => {
      // The longest first: one that is a part of another would leave the rest of that behind.
      const longestFirst = [...known].toSorted((a, b) => b.length - a.length)
      return longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
    },
  }
}
