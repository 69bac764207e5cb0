/** The environment of the process, or a part of it. */
export type Env = Readonly<Record<string, string | undefined>>
