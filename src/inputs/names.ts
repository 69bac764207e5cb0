/** The names that identify the storage: the app, the backend environment and the resource. */
import { invalid, ok, type Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'
import { lookAlikeHint, didYouMean } from './suggestions.ts'

// The API model of Amplify Hosting allows 255 characters for the name of a backend environment. The other
// names are shorter wherever a limit is known.
const MAX_LENGTH = 255

/**
 * An Amplify app ID. The model of the Amplify Backend API has no rule for it. That of Amplify Hosting,
 * `d[a-z0-9]+` with at most 20 characters, only leads to a warning.
 *
 * @param text trimmed
 */
export function appId(text: string): Parsed<string> {
  const segment = pathSegment(text)
  if ('problem' in segment) return segment
  if (/^d[a-z\d]{1,19}$/.test(text)) return segment
  const idInHost = /(?:^|\.)(d[a-z\d]{1,19})\.amplifyapp\.com$/.exec(text)?.[1]
  return ok(text, [
    `this is not the usual form of an app ID (\`d\`, then lowercase letters and digits, at most 20 characters in total), so the service may not find the app.${didYouMean(idInHost)}${lookAlikeHint(text)}`,
  ])
}

/**
 * The name of a backend environment. The rule of the Amplify CLI, 2 to 10 lowercase letters
 * (`s0-analyzeProject.ts`), only leads to a warning, because
 * `aws amplify create-backend-environment` accepts other names, too.
 *
 * @param text trimmed
 */
export function environmentName(text: string): Parsed<string> {
  const segment = pathSegment(text)
  if ('problem' in segment || /^[a-z]{2,10}$/.test(text)) return segment
  return ok(text, [
    `the Amplify CLI, which runs in the job, only supports names of 2 to 10 lowercase letters, so the job may fail.${lookAlikeHint(text)}`,
  ])
}

/**
 * The name of the storage resource. It is not part of a URL, but of folders and stacks. The rule of the
 * Amplify CLI, letters and digits, only leads to a warning.
 *
 * @param text trimmed
 */
export function resourceName(text: string): Parsed<string> {
  const token = singleToken(text, MAX_LENGTH)
  if ('problem' in token) return token
  return (
    forbiddenCharacter(text, /[/\\]/u) ?? parentDirectory(text) ?? ok(text, resourceWarnings(text))
  )
}

function resourceWarnings(text: string): readonly string[] {
  if (!/^[a-zA-Z\d]+$/.test(text)) {
    return [
      `the Amplify CLI, which runs in the job, only supports letters and digits here, so the job may fail.${lookAlikeHint(text)}`,
    ]
  }
  if (text.length > 64) {
    return ['stack names contain it, so the job may fail with more than 64 characters.']
  }
  return []
}

/** One segment of a URL's path, which must not lead to a different path. */
function pathSegment(text: string): Parsed<string> {
  const token = singleToken(text, MAX_LENGTH)
  if ('problem' in token) return token
  return forbiddenCharacter(text, /[/\\?#%]/u) ?? parentDirectory(text) ?? token
}

function forbiddenCharacter(text: string, characters: RegExp): Parsed<never> | undefined {
  const found = characters.exec(text)?.[0]
  if (found === undefined) return undefined
  return invalid(
    `must not contain \`${found}\``,
    'Use the plain name, not a URL, a path or an ARN.',
  )
}

function parentDirectory(text: string): Parsed<never> | undefined {
  if (text !== '.' && !text.includes('..')) return undefined
  return invalid('must not be `.` or contain `..`', 'Use the plain name.')
}
