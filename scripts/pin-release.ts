/**
 * Pins every `uses:` of this action in README.md, docs and examples to a released commit:
 * `pin-release.ts OWNER/REPO SHA vX.Y.Z`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The text with every reference to the action pinned to a commit, with the version in a comment. */
export function pinReferences(
  text: string,
  repository: string,
  sha: string,
  version: string,
): string {
  return text.replace(
    /(?<![\w.-])[\w.-]+\/amplify-create-backend-storage(\/emulator)?@(?:FULL_SHA|[0-9a-f]{40}) # v\d+\.\d+\.\d+/g,
    `${repository}$1@${sha} # ${version}`,
  )
}

function pinAll(repository: string, sha: string, version: string): void {
  const files = ['README.md', 'docs', 'examples'].flatMap((path) =>
    path.includes('.')
      ? [path]
      : readdirSync(join(root, path))
          .filter((name) => /\.(?:md|yml)$/.test(name))
          .map((name) => join(path, name)),
  )
  for (const file of files) {
    const path = join(root, file)
    const before = readFileSync(path, 'utf8')
    const after = pinReferences(before, repository, sha, version)
    if (after !== before) writeFileSync(path, after)
  }
}

if (import.meta.main) {
  const [repository = '', sha = '', version = ''] = process.argv.slice(2)
  if (
    !/^[\w.-]+\/amplify-create-backend-storage$/.test(repository) ||
    !/^[0-9a-f]{40}$/.test(sha) ||
    !/^v\d+\.\d+\.\d+$/.test(version)
  ) {
    process.stderr.write('Usage: pin-release.ts OWNER/amplify-create-backend-storage SHA vX.Y.Z\n')
    process.exitCode = 2
  } else {
    pinAll(repository, sha, version)
  }
}
