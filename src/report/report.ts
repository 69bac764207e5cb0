/** The end of a run as people see it beside the log: comment and summary. */
import type { Ending } from '../ending.ts'
import { commitOf, pullRequestNumber } from '../event.ts'
import type { Run } from '../run.ts'
import { requestOf } from '../storage.ts'
import { keepComment } from './comment.ts'
import { linksOf } from './links.ts'
import { summaryOf } from './summary.ts'
import type { View } from './view.ts'

/** Reports; a part that fails is a warning, never the result. */
export async function report(run: Run, ending: Ending): Promise<void> {
  const { inputs, event, reporter, log, findings, env, clock, startedAt } = run
  const tookMs = clock.now() - startedAt
  const viewFor = (pullRequest: number | undefined): View => ({
    findings,
    ending,
    request: inputs === undefined ? undefined : requestOf(inputs),
    region: inputs?.region ?? '',
    links: linksOf(env, {
      region: inputs?.region ?? '',
      appId: inputs?.appId ?? '',
      commit: event === undefined ? undefined : commitOf(event),
      pullRequest,
    }),
    tookMs,
  })
  let pullRequest = event === undefined ? undefined : pullRequestNumber(event)
  if (inputs !== undefined && inputs.commentOnPr !== 'false' && event !== undefined) {
    pullRequest = await keepComment(run, inputs, event, viewFor)
  }
  // The last, so that it can tell of a comment that could not be written.
  if (!(inputs?.summary ?? wantsSummary(run))) return
  // A runner that knows no summaries is nothing to warn of.
  if ((env['GITHUB_STEP_SUMMARY'] ?? '') === '') log.step('This runner takes no job summary.')
  else await reporter.summary(summaryOf(viewFor(pullRequest)))
}

/** Where the inputs could not be read, the one about the summary may still say no. */
function wantsSummary({ env }: Run): boolean {
  return !/^\s*false\s*$/i.test(env['INPUT_SUMMARY'] ?? '')
}
