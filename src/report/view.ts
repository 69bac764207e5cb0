/** What a summary and a comment are made of: what a run learnt and how it ended, as plain data. */
import type { Ending } from '../ending.ts'
import type { Findings } from '../findings.ts'
import type { StorageRequest } from '../storage.ts'

export type Link = Readonly<{ title: string; url: string }>

export type Links = Readonly<{
  /** The app in the Amplify console. */
  console: Link | undefined
  run: Link | undefined
  commit: Link | undefined
  pullRequest: Link | undefined
}>

export type View = Readonly<{
  findings: Findings
  ending: Ending
  /** Undefined before the inputs were read. */
  request: StorageRequest | undefined
  region: string
  links: Links
  tookMs: number
}>
