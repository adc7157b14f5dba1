import { systemRandom } from '@counterfoil/core'
import { encodeBase64url } from '@counterfoil/protocol'
import { CommandFailure } from '../failure.ts'
import { makePrivateFile, readPrivateFile } from './private-file.ts'

/**
 * The secret that the file holds, or undefined when there is no file. It is text, so that it can be moved into
 * `COUNTERFOIL_SECRET` as it is.
 *
 * @throws {CommandFailure} when others may read the file, or it cannot be read.
 */
export function readSecretFile(path: string): Uint8Array | undefined {
  const text = readPrivateFile(path)
  if (text === undefined) return undefined
  const secret = new TextEncoder().encode(text.trim())
  if (secret.length >= 32) return secret
  throw new CommandFailure(`${path} holds no secret of at least 32 bytes: put back the one that was there`)
}

/** Makes the file with a new secret, and answers what it holds then: another process may have been faster. @throws {CommandFailure} */
export function makeSecretFile(path: string): Uint8Array {
  makePrivateFile(path, `${encodeBase64url(systemRandom(32))}\n`)
  const secret = readSecretFile(path)
  if (secret === undefined) throw new CommandFailure(`${path} was taken away while it was made`)
  return secret
}
