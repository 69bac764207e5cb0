/** The end of a run as people see it beside the log: comment and summary. */
import type { RunOutcome } from '../run/outcome.ts'
import { getCommit, getPullRequestNumber } from '../workflow/event.ts'
import type { RunContext } from '../run/context.ts'
import { isSummaryEnabled, toDesiredStorage } from '../inputs/read-inputs.ts'
import { upsertComment } from './upsert-comment.ts'
import { buildLinks } from './links.ts'
import { renderSummary } from './summary.ts'
import type { ReportData } from './data.ts'

/** Reports; a part that fails is a warning, never the result. */
export async function publishReport(run: RunContext, outcome: RunOutcome): Promise<void> {
  const { inputs, event, reporter, log, state, env, clock, startedAt } = run
  const durationMs = clock.now() - startedAt
  const toData = (pullRequest: number | undefined): ReportData => ({
    state,
    outcome,
    desired: inputs === undefined ? undefined : toDesiredStorage(inputs),
    region: inputs?.region ?? '',
    links: buildLinks(env, {
      region: inputs?.region ?? '',
      appId: inputs?.appId ?? '',
      commit: event === undefined ? undefined : getCommit(event),
      pullRequest,
    }),
    durationMs,
  })
  let pullRequest = event === undefined ? undefined : getPullRequestNumber(event)
  if (inputs !== undefined && inputs.commentOnPr !== 'false' && event !== undefined) {
    pullRequest = await upsertComment(run, inputs, event, toData)
  }
  // The last, so that it can tell of a comment that could not be written.
  if (!isSummaryEnabled(env)) return
  // A runner that knows no summaries is nothing to warn of.
  if ((env['GITHUB_STEP_SUMMARY'] ?? '') === '') log.info('This runner takes no job summary.')
  else await reporter.writeSummary(renderSummary(toData(pullRequest)))
}
