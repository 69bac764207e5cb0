/** The names that identify the storage: app, backend environment and resource. */

import { hyphenHint } from './hyphens.ts'
import { invalid, ok } from './parsed.ts'
import type { Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'

// Amplify Hosting's API model allows 255 for the name of a backend environment; the others are shorter
// wherever a rule is known.
const MAX_LENGTH = 255

/**
 * An Amplify app id. Amplify Backend's model has no rule for it; Amplify Hosting's is `d[a-z0-9]+`, at
 * most 20 characters, and is only warned about.
 *
 * @param text trimmed
 */
export function appId(text: string): Parsed<string> {
  const part = pathPart(text)
  if ('flaw' in part) return part
  if (/^d[a-z\d]{1,19}$/.test(text)) return part
  const inside = /(?:^|\.)(d[a-z\d]{1,19})\.amplifyapp\.com$/.exec(text)?.[1]
  const hint = inside === undefined ? '' : ` Is \`${inside}\` meant?`
  return ok(text, [
    `not an app id as Amplify makes them (\`d\`, then lower-case letters and digits, at most 20 characters in all), so the service may not find the app.${hint}${hyphenHint(text)}`,
  ])
}

/**
 * The name of a backend environment. The Amplify CLI's own rule, 2 to 10 lower-case letters
 * (`s0-analyzeProject.ts`), is only warned about, since `aws amplify create-backend-environment` takes
 * other names too.
 *
 * @param text trimmed
 */
export function environmentName(text: string): Parsed<string> {
  const part = pathPart(text)
  if ('flaw' in part || /^[a-z]{2,10}$/.test(text)) return part
  return ok(text, [
    `the Amplify CLI, which runs in the job, knows only names of 2 to 10 lower-case letters, so the job may fail.${hyphenHint(text)}`,
  ])
}

/**
 * The name of the storage resource. It is no part of a URL, but of folders and stacks; the Amplify
 * CLI's own rule (letters and digits) is only warned about.
 *
 * @param text trimmed
 */
export function resourceName(text: string): Parsed<string> {
  const one = singleToken(text, MAX_LENGTH)
  if ('flaw' in one) return one
  const climbs = separator(text, /[/\\]/u) ?? dots(text)
  if (climbs !== undefined) return climbs
  return ok(text, resourceWarnings(text))
}

function resourceWarnings(text: string): readonly string[] {
  if (!/^[a-zA-Z\d]+$/.test(text)) {
    return [
      `the Amplify CLI, which runs in the job, knows only letters and digits here, so the job may fail.${hyphenHint(text)}`,
    ]
  }
  if (text.length > 64) {
    return ['names of stacks are made of it, so more than 64 characters may fail in the job.']
  }
  return []
}

/** One part of a URL's path, which must not be able to become another path. */
function pathPart(text: string): Parsed<string> {
  const one = singleToken(text, MAX_LENGTH)
  if ('flaw' in one) return one
  return separator(text, /[/\\?#%]/u) ?? dots(text) ?? one
}

function separator(text: string, characters: RegExp): Parsed<never> | undefined {
  const found = characters.exec(text)?.[0]
  if (found === undefined) return undefined
  return invalid(`must not hold \`${found}\``, 'Give the bare name: not a URL, a path or an ARN.')
}

function dots(text: string): Parsed<never> | undefined {
  if (text !== '.' && !text.includes('..')) return undefined
  return invalid('must not be `.` or hold `..`', 'Give the bare name.')
}
