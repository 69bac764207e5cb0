/** Inputs may come from secrets of the workflow: what the runner masks in the log, it can mask in the summary. */
import { expect } from 'vitest'

import { defaults } from '../../../emulator/emulator.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import { addMedia } from '../../support/emulator-state.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { runOnce, withoutIdToken, type SingleRunOptions } from '../../support/run-action.ts'
import { scenarios } from '../../support/scenario.ts'

const secrets = {
  'role-to-assume': `arn:aws:iam::${defaults.accountId}:role/team_a/deploy+x=@1`,
  'bucket-name': 'acme-media.x-7',
  'app-id': defaults.appId,
  'backend-environment-name': 'prod',
  'resource-name': 'media',
}

const values = Object.values(secrets)

/** Masks a text as the runner does. */
const mask = (text: string): string =>
  values.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)

scenarios<SingleRunOptions>(
  'No secret that an input contains is left in a summary in which the runner has masked it',
  {
    'a refused role': {},
    'a role that is taken': {
      with: { 'role-to-assume': defaults.applyRole },
      rules: { jobMs: 1_000 },
    },
    'a plan': {
      event: pullRequest(),
      with: { 'plan-role-to-assume': defaults.planRole, 'comment-on-pr': 'true' },
    },
    'another bucket': {
      with: { 'role-to-assume': defaults.applyRole },
      setUp: (emulator) => addMedia(emulator),
    },
    'a refused create': {
      with: { 'role-to-assume': defaults.applyRole },
      faults: [
        {
          ...{ operation: 'CreateBackendStorage', kind: 'status', status: 400 },
          message: `No acme-media.x-7 in *${defaults.appId}* for <${secrets['role-to-assume']}>`,
        },
      ],
    },
    'invalid inputs': { with: { 'bucket-name': 'Acme_Media*7', 'if-exists': 'perhaps' } },
  },
  async ({ with: inputs, ...run }) => {
    const { step, emulator } = await runOnce({ ...run, with: { ...secrets, ...inputs } })
    const role = inputs?.['role-to-assume'] ?? secrets['role-to-assume']
    const known = [...values, role, 'Acme_Media*7']
    const comments = emulator.state.github.comments.map(({ body }) => body)
    for (const text of [step.summary, ...comments]) {
      expect(text).not.toBe('')
      const left = renderMarkdown(
        known.reduce((masked, secret) => masked.replaceAll(secret, '***'), mask(text)),
      )
      for (const secret of known) {
        expect(left.text).not.toContain(secret)
        expect(left.text.replace(/\W/g, '')).not.toContain(secret.replace(/\W/g, ''))
      }
    }
  },
)

const longRole = `arn:aws:iam::${defaults.accountId}:role/${'teams/secret-platform/'.repeat(6)}deploy-production`

scenarios<SingleRunOptions>(
  'A long role that is a secret stands in log, summary and outputs as a whole or not at all',
  {
    'a refused role': {},
    'a role that is taken': {
      with: { wait: 'false' },
      setUp: ({ state }) => {
        const role = state.roles.get(defaults.applyRole)
        if (role !== undefined) state.roles.set(longRole, { ...role, arn: longRole })
      },
    },
    'STS is unavailable': {
      with: { 'max-attempts': '1' },
      faults: [{ operation: 'AssumeRoleWithWebIdentity', kind: 'status', status: 503 }],
    },
    'a role of another account': { with: { 'allowed-account-ids': '444455556666' } },
    'no permission to request a token': { env: withoutIdToken },
  },
  async ({ with: inputs, ...run }) => {
    const { step } = await runOnce({ ...run, with: { 'role-to-assume': longRole, ...inputs } })
    const text = [...step.rawLines, step.summary, ...Object.values(step.outputs)].join('\n')
    expect(text.replaceAll(longRole, '***')).not.toContain('secret-platform')
  },
)
