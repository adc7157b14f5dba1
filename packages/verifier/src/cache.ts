import type { Candidate } from './candidate.ts'
import type { KeyRing, VerificationKey } from './key-ring.ts'

/** A token that was accepted, and what it was accepted by. */
export interface CachedToken extends Candidate {
  readonly key: VerificationKey
  /** The newest ring that is known to hold the key. */
  ring: KeyRing
}

/** What a cache may hold. Bytes are an estimate that errs on the large side. */
export interface CacheBounds {
  readonly maxBytes: number
  readonly maxEntries: number
}

/** How a cache is used. */
export interface CacheStatus extends CacheBounds {
  readonly entries: number
  readonly bytes: number
  readonly hits: number
  readonly misses: number
  /** Entries that made room for others. */
  readonly evicted: number
}

/** 256 bits of the signature. V8 hashes a key in full, and this is a tenth of a token. */
const TAIL_CHARACTERS = 43

// Measured with V8 of Node 24, and rounded up: an ordinary token takes about 2 KiB where this says 3.3 KiB, and one
// made of nothing but empty arrays is not underrated either.
const BYTES_PER_ENTRY = 1024
const BYTES_PER_CHARACTER = 3
const BYTES_PER_CONTAINER = 96
const BYTES_PER_MEMBER = 128
/** Tokens of one issuer share the layout of their usual claims. */
const SHARED_MEMBERS = 16

function estimateBytes({ token, checked }: Candidate): number {
  const payload =
    BYTES_PER_CONTAINER * checked.containers + BYTES_PER_MEMBER * Math.max(0, checked.members - SHARED_MEMBERS)
  return BYTES_PER_ENTRY + BYTES_PER_CHARACTER * token.length + payload
}

/**
 * Tokens that were accepted, found by the tail of their signature and compared as a whole. Two generations, each at
 * most half of the bounds: when the young one is full the old one goes, and whoever is used again becomes young again.
 */
export class TokenCache {
  readonly #bounds: CacheBounds
  #young = new Map<string, CachedToken>()
  #old = new Map<string, CachedToken>()
  #youngBytes = 0
  #oldBytes = 0
  #hits = 0
  #misses = 0
  #evicted = 0

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds
  }

  find(token: string): CachedToken | undefined {
    const tail = token.slice(-TAIL_CHARACTERS)
    const young = this.#young.get(tail)
    if (young?.token === token) {
      this.#hits++
      return young
    }
    const old = this.#old.get(tail)
    if (old?.token === token) {
      this.#hits++
      this.keep(old)
      return old
    }
    this.#misses++
    return undefined
  }

  keep(entry: CachedToken): void {
    this.drop(entry.token)
    const bytes = estimateBytes(entry)
    const { maxBytes, maxEntries } = this.#bounds
    if (2 * bytes > maxBytes || maxEntries < 2) return
    const isFull = 2 * (this.#youngBytes + bytes) > maxBytes || 2 * (this.#young.size + 1) > maxEntries
    if (isFull) this.#age()
    this.#young.set(entry.token.slice(-TAIL_CHARACTERS), entry)
    this.#youngBytes += bytes
  }

  /** Forgets what is held under this token's tail, be it this token or another. */
  drop(token: string): void {
    const tail = token.slice(-TAIL_CHARACTERS)
    const young = this.#young.get(tail)
    if (young !== undefined && this.#young.delete(tail)) this.#youngBytes -= estimateBytes(young)
    const old = this.#old.get(tail)
    if (old !== undefined && this.#old.delete(tail)) this.#oldBytes -= estimateBytes(old)
  }

  status(): CacheStatus {
    const held = { entries: this.#young.size + this.#old.size, bytes: this.#youngBytes + this.#oldBytes }
    return { ...this.#bounds, ...held, hits: this.#hits, misses: this.#misses, evicted: this.#evicted }
  }

  #age(): void {
    this.#evicted += this.#old.size
    this.#old = this.#young
    this.#oldBytes = this.#youngBytes
    this.#young = new Map()
    this.#youngBytes = 0
  }
}
