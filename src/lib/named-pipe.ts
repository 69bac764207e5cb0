import { statSync } from 'node:fs'

/** Whether the path is that of a named pipe; false also if that cannot be determined. */
export function isNamedPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO()
  } catch {
    return false
  }
}
