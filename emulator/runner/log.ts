/** Turns what a step prints into its log, as a runner does: runs workflow commands and masks secrets. */

export type Annotation = Readonly<{
  level: 'error' | 'warning' | 'notice'
  title: string
  message: string
}>

export type StepLog = Readonly<{
  /** The visible lines. */
  lines: readonly string[]
  annotations: readonly Annotation[]
  write(line: string): void
}>

type Masks = Readonly<{
  add(secret: string): void
  /** Replaces every secret in a text. */
  apply(text: string): string
}>

function createMasks(): Masks {
  const secrets = new Set<string>()
  return {
    add: (secret) => {
      for (const part of [secret, ...secret.split(/\r?\n/)])
        if (part.trim() !== '') secrets.add(part)
    },
    apply: (text) =>
      [...secrets]
        .sort((one, other) => other.length - one.length)
        .reduce((masked, secret) => masked.replaceAll(secret, '***'), text),
  }
}

type Command = Readonly<{
  name: string
  properties: Readonly<Record<string, string>>
  data: string
}>

/** Creates the log of one step. */
export function createStepLog(): StepLog {
  const masks = createMasks()
  const lines: string[] = []
  const annotations: Annotation[] = []
  let resumeToken: string | undefined
  const addLine = (text: string): void => {
    lines.push(masks.apply(text))
  }
  const runCommand = ({ name, properties, data }: Command): boolean => {
    switch (name) {
      case 'add-mask':
        masks.add(data)
        return true
      case 'error':
      case 'warning':
      case 'notice':
        annotations.push({
          level: name,
          title: masks.apply(properties['title'] ?? ''),
          message: masks.apply(data),
        })
        addLine(`##[${name}]${data}`)
        return true
      case 'group':
      case 'endgroup':
        addLine(`##[${name}]${data}`)
        return true
      case 'debug':
        return true
      case 'stop-commands':
        resumeToken = data
        return true
      default:
        return false
    }
  }
  return {
    lines,
    annotations,
    write: (line) => {
      const command = parseCommand(line)
      if (resumeToken !== undefined) {
        if (command?.name === resumeToken) resumeToken = undefined
        else addLine(line)
      } else if (command === undefined || !runCommand(command)) addLine(line)
    },
  }
}

const unescapeData = (text: string): string =>
  text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')

const unescapeProperty = (text: string): string =>
  unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','))

function parseCommand(line: string): Command | undefined {
  const [, name, properties, data] = /^\s*::([^\s:]+)(?: ([^:]*))?::(.*)$/su.exec(line) ?? []
  if (name === undefined || data === undefined) return undefined
  const pairs = (properties ?? '').split(',').flatMap((pair): [string, string][] => {
    const equals = pair.indexOf('=')
    return equals < 0
      ? []
      : [[pair.slice(0, equals).trim(), unescapeProperty(pair.slice(equals + 1))]]
  })
  return { name, properties: Object.fromEntries(pairs), data: unescapeData(data) }
}
