/** Publishes the report of a run: the comment on the pull request, then the job summary. */
import type { RunContext } from '../run/context.ts'
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import { getInputValues, isSummaryEnabled, toDesiredStorage } from '../inputs/read-inputs.ts'
import { getCommit, getPullRequestNumber } from '../workflow/event.ts'
import type { ReportData } from './data.ts'
import { buildLinks } from './links.ts'
import type { Reporter } from './reporter.ts'
import { renderSummary } from './summary.ts'

/** Publishes both. If one cannot be written, there is a warning, and the outcome stays the same. */
export async function publishReport(
  run: RunContext,
  outcome: RunOutcome,
  reporter: Reporter,
): Promise<void> {
  const { inputs, event, log, state, env, clock, startedAt } = run
  const durationMs = clock.now() - startedAt
  const toData = (pullRequest: number | undefined): ReportData => ({
    state,
    outcome,
    desired: inputs === undefined ? undefined : toDesiredStorage(inputs),
    region: inputs?.region,
    inputValues: getInputValues(env),
    links: buildLinks(env, {
      region: inputs?.region,
      appId: inputs?.appId,
      commit: event === undefined ? undefined : getCommit(event),
      pullRequest,
      errorCode: isFailure(outcome) ? outcome.error.code : undefined,
    }),
    durationMs,
  })
  let pullRequest = event === undefined ? undefined : getPullRequestNumber(event)
  if (inputs !== undefined && inputs.commentOnPr !== 'false' && event !== undefined) {
    // Most runs write no comment, so they do not load the code for it.
    const { upsertComment } = await import('./upsert-comment.ts')
    pullRequest = await upsertComment(run, inputs, event, toData)
  }
  // The summary comes last, so that it can show a warning about the comment.
  if (!isSummaryEnabled(env)) return
  // Not every runner has job summaries; that is not worth a warning.
  if ((env['GITHUB_STEP_SUMMARY'] ?? '') === '')
    log.info('No summary: this runner does not support job summaries.')
  else await reporter.writeSummary(renderSummary(toData(pullRequest)))
}
