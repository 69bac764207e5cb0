/** docs/errors.md, as somebody reads it who looks an error up. */
import { readFileSync } from 'node:fs'

export const errorsPageText = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

type Section = Readonly<{ title: string; text: string; sentences: readonly RegExp[] }>

export const sections: readonly Section[] = errorsPageText.split(/^## /m).slice(1).map(readSection)

export const sectionOf = (title: string): Section | undefined =>
  sections.find((section) => section.title === title)

/** Whether the page has what a red run says, under its code. */
export function isOnThePage(code: string, message: string): boolean {
  if (code === 'INVALID_INPUT') return saysRules(message)
  return says(sectionOf(code), message) || around.some((sentence) => wraps(sentence, message))
}

const says = (section: Section | undefined, message: string): boolean =>
  section?.sentences.some((sentence) => sentence.test(message)) ?? false

/** One problem on a line of its own, or several of them, counted and numbered. */
function saysRules(message: string): boolean {
  const [first = '', ...problems] = message.split('\n')
  const rules = sectionOf('INVALID_INPUT')
  if (problems.length === 0) return says(rules, first)
  return (
    first === `${problems.length} problems with the inputs.` &&
    problems.every((line, index) => {
      const number = `(${index + 1}) `
      return line.startsWith(number) && says(rules, line.slice(number.length))
    })
  )
}

/** What can stand around the words of another error; the advice is after it. */
const around = sentencesOf(
  sectionOf('With several codes')?.text.split('\nWhere something was sent')[0] ?? '',
)

function wraps(sentence: RegExp, message: string): boolean {
  const inner = sentence.exec(message)?.[1]
  return inner !== undefined && sections.some((section) => says(section, inner))
}

function readSection(text: string): Section {
  const [title = ''] = text.split('\n')
  return { title, text, sentences: sentencesOf(text) }
}

/** What is said, but for what would be true of any message. */
function sentencesOf(text: string): readonly RegExp[] {
  return [...text.matchAll(/^- (.+)$/gm)]
    .map(([, line = '']) => readSentence(line))
    .filter(({ source }) => /\w/.test(source))
}

/** A sentence of the page as the pattern that it stands for: what is in italics is open. */
function readSentence(markdown: string): RegExp {
  const pattern = markdown
    .split(/(?<![a-z\d\\])_(?:[^_]+?)_(?![a-z\d])/i)
    .map((part) =>
      part
        .replaceAll('<br>', '\n')
        .replace(/\\([\\*_[\]<>|#])/g, '$1')
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('([^]*)')
  return new RegExp(`^${pattern}$`)
}
