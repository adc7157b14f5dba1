import { allReady, whenReady, type Eventually } from '../eventually.ts'
import type { Hashing } from './hashing.ts'

/** What nonces are made of. */
export interface NonceParts {
  /** Known to all who shall accept one another's nonces: at least 32 bytes. */
  readonly secret: Uint8Array
  /** How long one nonce is handed out; it is accepted for as long again. */
  readonly slotMs: number
  readonly hashing: Hashing
}

/** Nonces that nobody stores: each is the MAC of the slot of time in which it is handed out (RFC 9449 §8). Whoever has the secret accepts them. */
export class ProofNonces {
  readonly #parts: NonceParts
  readonly #known = new Map<number, Eventually<string>>()

  constructor(parts: NonceParts) {
    this.#parts = parts
  }

  /** The nonce that is handed out at `now`. */
  at(now: number): Eventually<string> {
    return this.#ofSlot(this.#slotAt(now))
  }

  /**
   * The instant at which a nonce is good no more, the same by every node's clock; undefined when it is not that of this slot or the one before, or of the
   * next, by the clock of another node.
   */
  acceptedUntil(nonce: string, now: number): Eventually<number | undefined> {
    const slots = [-1, 0, 1].map((apart) => this.#slotAt(now) + apart)
    return whenReady(allReady(slots.map((slot) => this.#ofSlot(slot))), (nonces) => {
      const slot = slots.find((_, at) => isSame(nonces[at] ?? '', nonce))
      return slot === undefined ? undefined : (slot + 2) * this.#parts.slotMs
    })
  }

  #slotAt(now: number): number {
    return Math.floor(now / this.#parts.slotMs)
  }

  #ofSlot(slot: number): Eventually<string> {
    const known = this.#known.get(slot)
    if (known !== undefined) return known
    const { hashing, secret } = this.#parts
    const made = hashing.hmac(secret, `nonce of slot ${String(slot)} of ${String(this.#parts.slotMs)}`)
    for (const other of this.#known.keys()) if (Math.abs(other - slot) > 2) this.#known.delete(other)
    this.#known.set(slot, made)
    return made
  }
}

/** Takes as long wherever two texts of one length differ. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ (other.charCodeAt(at) || 0)
  return difference === 0
}
