/** The end of a run as people and later steps see it: outputs, annotation, summary, comment. */
import type { Ending } from '../ending.ts'
import { pullRequestNumber } from '../event.ts'
import type { Run } from '../run.ts'
import { requestOf } from '../storage.ts'
import { keepComment } from './comment.ts'
import { linksOf } from './links.ts'
import { summaryOf } from './summary.ts'

/** Reports; a part that fails is a warning, never the result. */
export async function report(run: Run, ending: Ending): Promise<void> {
  const { inputs, event, reporter, findings, env, clock, startedAt } = run
  reporter.end(ending)
  const pullRequest = event === undefined ? undefined : pullRequestNumber(event)
  const region = inputs?.region ?? ''
  const view = {
    findings,
    ending,
    request: inputs === undefined ? undefined : requestOf(inputs),
    region,
    links: linksOf(env, region, inputs?.appId ?? '', pullRequest),
    tookMs: clock.now() - startedAt,
  }
  if (inputs !== undefined && inputs.commentOnPr !== 'false' && event !== undefined) {
    await keepComment(run, inputs, event, view)
  }
  if (inputs?.summary ?? wantsSummary(run)) await reporter.summary(summaryOf(view))
}

/** Where the inputs could not be read, the one about the summary may still say no. */
function wantsSummary({ env }: Run): boolean {
  return !/^\s*false\s*$/i.test(env['INPUT_SUMMARY'] ?? '')
}
