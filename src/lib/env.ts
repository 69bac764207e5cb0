/** The environment variables of the process, or some of them. */
export type Env = Readonly<Record<string, string | undefined>>

/** The value of a variable without surrounding white space; empty when it is not set. */
export function readVariable(env: Env, name: string): string {
  return env[name]?.trim() ?? ''
}
