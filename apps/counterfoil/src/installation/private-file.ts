import { closeSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemRandom } from '@counterfoil/core'
import { encodeBase64url } from '@counterfoil/protocol'
import { CommandFailure } from '../failure.ts'
import { systemCode } from '../system-code.ts'

/**
 * The text of a file that only this user may read, or undefined when there is none.
 *
 * @throws {CommandFailure} when others may read the file, or it cannot be read.
 */
export function readPrivateFile(path: string): string | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    requirePrivate(path, fstatSync(file).mode)
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') return undefined
    if (code === undefined) throw error
    throw new CommandFailure(`${path} cannot be read (${code}): it must be a file that this user may read`)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function requirePrivate(path: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  const rights = (mode & 0o777).toString(8).padStart(4, '0')
  throw new CommandFailure(`${path} may be read by others (its mode is ${rights}): run chmod 600 ${path}`)
}

/** Makes the file with this text, whole or not at all, unless there is one already. @throws {CommandFailure} */
export function makePrivateFile(path: string, text: string): void {
  const draft = `${path}.${encodeBase64url(systemRandom(6))}`
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true })
    // Never in another one's place.
    linkSync(draft, path)
    syncFolder(dirname(path))
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    if (code !== 'EEXIST')
      throw new CommandFailure(`${path} cannot be written (${code}): make room, or give this user the right to`)
  } finally {
    rmSync(draft, { force: true })
  }
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
