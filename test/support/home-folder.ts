/** Home folders, as tools and earlier steps prepare them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { Keys } from './servers/metadata-service.ts'
import { addCleanup } from './scenario.ts'

/** Creates an empty folder, which is deleted after the test. */
export function createFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  addCleanup(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Creates a home folder with these files, which is deleted after the test, and returns its variables. */
export function createHome(files: Readonly<Record<string, string>> = {}): {
  HOME: string
  USERPROFILE: string
} {
  const folder = createFolder('home-')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return { HOME: folder, USERPROFILE: folder }
}

/** The text of a profile in the shared credentials file. */
export const toProfile = (keys: Keys, name = 'default'): string =>
  `[${name}]\naws_access_key_id = ${keys.accessKeyId}\naws_secret_access_key = ${keys.secretAccessKey}\naws_session_token = ${keys.sessionToken}\n`
