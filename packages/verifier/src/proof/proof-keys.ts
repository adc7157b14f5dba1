import type { JwsEngine, SignatureCheck } from '../engine.ts'
import { whenReady, type Eventually } from '../eventually.ts'
import type { ProofFault } from './decide-proof.ts'
import type { Hashing } from './hashing.ts'
import { readProofHeader } from './read-proof.ts'

/** A key that is ready to check proofs. */
export interface ReadyKey {
  readonly check: SignatureCheck
  readonly keyThumbprint: string
}

const MOST = 2_000

/**
 * Makes the keys in the headers of proofs ready, and keeps those that were used lately: all proofs of one client have the same header, and to take a key
 * in costs as much as to check a signature.
 */
export class ProofKeys {
  readonly #engine: JwsEngine
  readonly #hashing: Hashing
  #young = new Map<string, ReadyKey>()
  #old = new Map<string, ReadyKey>()

  constructor(engine: JwsEngine, hashing: Hashing) {
    this.#engine = engine
    this.#hashing = hashing
  }

  open(header: string): Eventually<ReadyKey | ProofFault> {
    const known = this.#young.get(header) ?? this.#old.get(header)
    if (known !== undefined) return known
    const read = readProofHeader(header)
    if (typeof read === 'string') return read
    return whenReady(this.#engine.prepare(read.key), (check) => {
      if (check === undefined) return 'bad-key'
      return whenReady(this.#hashing.sha256(read.canonical), (keyThumbprint) => ({ check, keyThumbprint }))
    })
  }

  /** Keeps a key that has signed something: others cost whoever sends them more than they cost here. */
  keep(header: string, key: ReadyKey): void {
    if (this.#young.has(header)) return
    if (this.#young.size >= MOST / 2) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(header, key)
  }
}
