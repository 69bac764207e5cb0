/** The policies of the documentation by their marks, such as `policy: apply` or `trust: plan`. */
import { parsePolicy } from '../../../emulator/iam/parse-policy.ts'
import { pages } from './pages.ts'

const marked: ReadonlyMap<string, string> = new Map(
  pages().flatMap(({ blocks }) =>
    blocks
      .filter(({ language, mark }) => language === 'json' && mark !== '')
      .map(({ mark, text }): [string, string] => [mark, text]),
  ),
)

export function readPolicy(mark: string): unknown {
  const text = marked.get(mark)
  if (text === undefined) throw new Error(`No policy in the documentation has the mark ${mark}`)
  return JSON.parse(text)
}

/** The policy with the names of the emulator's repository in place of the placeholders. */
export function readPolicyForEmulator(mark: string): unknown {
  const text = JSON.stringify(readPolicy(mark))
    .replaceAll('YOUR-ORG', 'octo-org')
    .replaceAll('YOUR-REPO', 'octo-app')
    .replaceAll('ORG_ID', '12345')
    .replaceAll('REPO_ID', '456789')
  return JSON.parse(text)
}

/** The operations of Amplify Backend that these policies allow together. */
export const allowedOperations = (...names: readonly string[]): readonly string[] =>
  names
    .flatMap((name) => parsePolicy(readPolicy(`policy: ${name}`)).Statement)
    .flatMap(({ Action }) => [Action ?? []].flat())
    .map((action) => action.replace('amplifybackend:', ''))
