/** What the commands print: colours on a terminal, and no stack trace if nobody reads it. */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours a text if the output is a terminal that wants colours. */
const style = (format: Style, text: string): string =>
  styleText(format, text, { stream: process.stdout })

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

export const printHeading = (text: string): void => {
  print(style('bold', `--- ${text}`))
}

/** Ends quietly when a reader such as `head` has enough. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}

const levels: Readonly<Record<string, Style>> = { error: 'red', warning: 'yellow', notice: 'cyan' }

const hiddenGroup = 'Outputs'

/** Creates a printer for the lines of a step's log; the outputs, which the command prints itself, are left out. */
export function createLogPrinter(): (line: string) => void {
  let hidden = false
  return (line) => {
    const [, name = '', text = ''] = /^##\[(\w+)\](.*)$/s.exec(line) ?? []
    if (name === 'group') hidden = text === hiddenGroup
    if (name === 'endgroup') hidden = false
    else if (hidden) return
    else if (name === 'group') print(style('bold', text))
    else {
      const format = levels[name]
      print(format === undefined ? line : `${style(format, `${name}:`)} ${text}`)
    }
  }
}
