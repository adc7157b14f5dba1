import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for one server's files. */
export interface ScratchFolder {
  readonly path: string
  remove(): void
}

/** Makes an empty folder under the machine's folder for temporary files, owned by `uid` where this process may give it away. */
export function makeScratchFolder(name: string, uid?: number): ScratchFolder {
  const path = mkdtempSync(join(tmpdir(), `counterfoil-${name}-`))
  if (uid !== undefined && process.getuid?.() === 0) chownSync(path, uid, uid)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
