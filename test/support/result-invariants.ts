/** What holds for every step, whatever its result. */
import type { StepResult } from '../../emulator/runner/step.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'

/** Shorter values can be part of any text by chance. */
const MIN_SECRET_LENGTH = 8

const INTERNALS =
  /\[object \w+\]|(?<![".\w])\b(?:undefined|NaN)\b(?![".])|\bat (?:file:|node:|async )|\$response/

/** People who copy such a command copy its period as well. */
const COMMAND_IN_A_SENTENCE = /aws amplifybackend [^\n]*--[a-z-]+ [\w.-]*\.(?=\s|$)/
const CODE_WITH_FULL_STOP = /`aws amplifybackend [^`\n]*\.`/

/**
 * Checks that a step succeeded without an error or failed with one that people can read and look up, that it
 * left nothing for other steps, and that secrets are only in their masks.
 *
 * @throws an error with the whole log otherwise
 */
export function checkResult(end: StepResult): void {
  const fail = (what: string): never => {
    throw new Error(`${what}\n${end.log.join('\n')}`)
  }
  const errors = end.annotations.filter(({ level }) => level === 'error')
  if (![0, 1].includes(end.exitCode)) fail(`exit code ${end.exitCode}`)
  if (errors.length !== end.exitCode) fail(`${errors.length} errors, exit code ${end.exitCode}`)
  for (const { title, message } of errors) {
    if (title === '' || message.trim() === '') fail('an error without words')
    // An input may have the value that it is rejected for.
    const words = message.replaceAll(/"[^"\n]*"|`[^`\n]*`/g, '')
    if (INTERNALS.test(words)) fail(`an error for programmers: ${message}`)
  }
  const { 'error-code': code = '' } = end.outputs
  if (code !== '' && !Object.hasOwn(ERROR_CATALOG, code)) fail(`an unknown error code: ${code}`)
  const texts = [...end.annotations.map((each) => each.message), end.outputs['error-message'] ?? '']
  for (const text of texts) {
    if (COMMAND_IN_A_SENTENCE.test(text)) fail(`a command that ends in a full stop: ${text}`)
  }
  if (CODE_WITH_FULL_STOP.test(end.summary)) fail(`code with a full stop: ${end.summary}`)
  if (end.leftovers !== '') fail(`left behind: ${end.leftovers}`)
  const open = [
    ...end.rawLines.filter((line) => !line.startsWith('::add-mask::')),
    ...Object.values(end.outputs),
    end.summary,
  ].join('\n')
  const seen = end.masks
    .map(unescapeCommand)
    .filter((mask) => mask.length >= MIN_SECRET_LENGTH && open.includes(mask))
  if (seen.length > 0) fail(`shown though masked: ${seen.join(', ')}`)
  if (/\beyJ[\w-]{10,}\.[\w-]+\.[\w-]+|\bBearer [\w-]/.test(open)) fail('a token is shown')
}

/** Decodes the text of a command as the runner does. */
export function unescapeCommand(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}
