import type { KeyId, SigningAlgorithm } from '@counterfoil/protocol'

/** What a key is for: signing JWTs, or tagging opaque tokens. */
export type KeyPurpose = 'jwt' | 'opaque'

/**
 * A key as the database has it. Which key signs follows from the instants alone: the one of its purpose with the
 * latest `activeAt` that has come. So all nodes agree without a word.
 */
export interface StoredKey {
  readonly id: KeyId
  readonly purpose: KeyPurpose
  /** Of a JWT key: its one algorithm. Of an opaque-token key: `HS256`, which is what its tag is. */
  readonly algorithm: SigningAlgorithm | 'HS256'
  /** Of an opaque-token key: the number that tokens carry, 0 to 255. Of a JWT key: 0. */
  readonly number: number
  /** The public JWK as JSON; empty for an opaque-token key. */
  readonly publicJwk: string
  /** The private part, encrypted under the installation's secret. */
  readonly sealed: Uint8Array
  readonly createdAt: number
  /** From when on it signs. Until then it is published only. */
  readonly activeAt: number
}
