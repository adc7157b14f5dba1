import type { Eventually } from './eventually.ts'
import type { PublicKey } from './jwk.ts'
import type { Jws } from './jws.ts'

/** Whether the signature of this JWS was made by the key that the check was made for, with its one algorithm. */
export type SignatureCheck = (jws: Jws) => Eventually<boolean>

/** What does the arithmetic. */
export interface JwsEngine {
  /** Makes a key ready; undefined when it is not one, such as a point beside its curve. */
  prepare(key: PublicKey): Eventually<SignatureCheck | undefined>
}

/** `node` is node:crypto: synchronous and fast. `web` is WebCrypto, which runs everywhere. */
export type EngineName = 'node' | 'web'
