/** What a summary and a comment are made of: the state and the outcome of a run, as plain data. */
import type { RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import type { DesiredStorage } from '../storage/model.ts'

export type Link = Readonly<{ title: string; url: string }>

export type Links = Readonly<{
  /** The app in the Amplify console. */
  console: Link | undefined
  run: Link | undefined
  commit: Link | undefined
  pullRequest: Link | undefined
  /** The section of the documentation about the error. */
  error: Link | undefined
  /** Another page of the documentation that the advice refers to. */
  page: Link | undefined
  /** Where to report an unexpected error. */
  report: Link | undefined
}>

export type ReportData = Readonly<{
  state: RunState
  outcome: RunOutcome
  /** `desired` and `region` are undefined if the inputs were not read. */
  desired: DesiredStorage | undefined
  region: string | undefined
  /** The values of all inputs, which may be secrets of the workflow: texts show them unchanged or not at all. */
  inputValues: readonly string[]
  links: Links
  durationMs: number
}>
