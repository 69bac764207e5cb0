/**
 * The shell scripts of the documentation run. Calls of the services that the emulator has go to it; the AWS CLI
 * checks the arguments of all other calls, and sends nothing.
 */
import { symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { pages } from '../../support/contract/pages.ts'
import { entries, at, readYaml } from '../../support/contract/repository-files.ts'
import { addMedia } from '../../support/emulator-state.ts'
import { root, runTool } from '../tools.ts'
import { startForAct, temporaryFolder, writeFiles } from '../workflows/act.ts'

const blocks = pages().flatMap(({ path, blocks }) =>
  blocks
    .filter(({ language, mark }) => language === 'sh' && !mark.startsWith('recipe: '))
    .map(({ line, text }): [string, string] => [`${path}:${line}`, text]),
)

const parameters = entries(at(readYaml('docs/cloudformation/roles.yml'), 'Parameters')).map(
  ([name]) => name,
)

/** Debian's AWS CLI does not read AWS_ENDPOINT_URL, and its emulated calls need the endpoint. */
const AWS = `#!/bin/bash
set -euo pipefail
case "$1 \${2:-}" in
  'amplifybackend delete-backend-storage' | 'amplifybackend get-backend-job')
    exec /usr/bin/aws "$@" --generate-cli-skeleton output ;;
  amplifybackend*) exec /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
  'cloudformation deploy')
    [[ "$*" =~ --template-file\\ ([^ ]+) ]] && test -f "\${BASH_REMATCH[1]}"
    [[ "$*" =~ --parameter-overrides\\ (.*) ]]
    for override in \${BASH_REMATCH[1]}; do
      [[ " ${parameters.join(' ')} " == *" \${override%%=*} "* ]] || exit 64
    done ;;
  # The CLI has no valid sample for the one, and checks nothing without a call for the other.
  'cloudformation describe-stacks' | 's3 '*) ;;
  *) exec /usr/bin/aws "$@" --generate-cli-skeleton output ;;
esac
`

/** Stands in for a formatter of JSON, which not every machine has. */
const COPY = '#!/bin/sh\nexec cat\n'

const SILENT = '#!/bin/sh\n'

describe('Shell scripts', () => {
  test.each(blocks)('The shell script in %s runs', async (_, text) => {
    const emulator = await startForAct()
    addMedia(emulator)
    const folder = temporaryFolder()
    writeFiles(folder, {
      'bin/aws': AWS,
      'bin/jq': COPY,
      ...Object.fromEntries(['amplify', 'gh', 'git', 'npm'].map((name) => [`bin/${name}`, SILENT])),
      'clone/amplify-create-backend-storage/docs/.keep': '',
    })
    const clone = join(folder, 'clone')
    for (const name of ['action.yml', 'dist', 'docs', 'emulator'])
      symlinkSync(join(root, name), join(clone, name))
    symlinkSync(
      join(root, 'docs', 'cloudformation'),
      join(clone, 'amplify-create-backend-storage', 'docs', 'cloudformation'),
    )
    const { exitCode, stdout, stderr } = await runTool(
      '/bin/bash',
      ['-euo', 'pipefail', '-c', text],
      {
        cwd: clone,
        env: {
          ...emulator.env,
          ...emulator.ambientEnv,
          PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
          HOME: folder,
        },
      },
    )
    expect(exitCode, stdout + stderr).toBe(0)
  })
})
