import { closeSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemRandom } from '@counterfoil/core'
import { encodeBase64url } from '@counterfoil/protocol'
import { CommandFailure } from '../failure.ts'
import { systemCode } from '../system-code.ts'

/**
 * The secret that the file holds, or undefined when there is no file. It is text, so that it can be moved into
 * `COUNTERFOIL_SECRET` as it is.
 *
 * @throws {CommandFailure} when others may read the file, or it cannot be read.
 */
export function readSecretFile(path: string): Uint8Array | undefined {
  const text = readPrivately(path)
  if (text === undefined) return undefined
  const secret = new TextEncoder().encode(text.trim())
  if (secret.length >= 32) return secret
  throw new CommandFailure(`${path} holds no secret of at least 32 bytes: put back the one that was there`)
}

function readPrivately(path: string): string | undefined {
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

/** Makes the file with a new secret, and answers what it holds then: another process may have been faster. @throws {CommandFailure} */
export function makeSecretFile(path: string): Uint8Array {
  const draft = `${path}.${encodeBase64url(systemRandom(6))}`
  try {
    writeFileSync(draft, `${encodeBase64url(systemRandom(32))}\n`, { mode: 0o600, flag: 'wx', flush: true })
    // Whole or not at all, and never in another one's place.
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
  const secret = readSecretFile(path)
  if (secret === undefined) throw new CommandFailure(`${path} was taken away while it was made`)
  return secret
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
