import type { JwsEngine } from './engine.ts'
import type { Eventually } from './eventually.ts'
import { unref } from './feed/authority.ts'
import { fetchKeySet, type FetchedKeySet, type KeySetRequest } from './fetch-key-set.ts'
import { readKeyRing, type KeyRing } from './key-ring.ts'
import type { KeysStatus, KeysUnavailable, TrustedKeys } from './trusted-keys.ts'

/** How long a fetched key set is good for. */
export interface KeySetAges {
  readonly maxAgeMs: number
  readonly cooldownMs: number
  readonly staleIfErrorMs: number
}

/** What the keys over HTTP are made of. */
export interface RemoteKeysParts {
  readonly request: KeySetRequest
  readonly ages: KeySetAges
  readonly engine: JwsEngine
  readonly clock: { now(): number }
}

interface HeldKeys {
  readonly ring: KeyRing
  /** When the set was asked for: it may have changed any time after that. */
  readonly fetchedAt: number
  readonly freshForMs: number
}

const FIRST_RETRY_MS = 1000
/** The part of its time after which a fresh set is asked for again, while nobody has to wait for it. */
const REFRESH_AT = 0.75

// A wall clock may go back: the distance counts, so that no step makes anything good for much longer than it is.
function elapsed(since: number, now: number): number {
  return Math.abs(now - since)
}

/** Trusts the keys that a server publishes: fetched when they are needed, one request at a time, kept for a while. */
export class RemoteKeys implements TrustedKeys {
  readonly #parts: RemoteKeysParts
  #held: HeldKeys | undefined
  #attemptAt = -Infinity
  #failures = 0
  #error: string | undefined
  #flight: Promise<void> | undefined

  constructor(parts: RemoteKeysParts) {
    this.#parts = parts
  }

  current(now: number): Eventually<KeyRing | KeysUnavailable> {
    const held = this.#held
    const age = held === undefined ? Infinity : elapsed(held.fetchedAt, now)
    if (held !== undefined && age < held.freshForMs * REFRESH_AT) return held.ring
    const flight = this.#isDue(now) ? this.#fetch(now) : this.#flight
    if (held !== undefined && age < held.freshForMs) return held.ring
    // Once it is known that the server cannot be reached, nobody waits for it who has something to go by.
    if (flight === undefined || (this.#failures > 0 && this.#isUsable(now))) return this.#answer(now)
    return within(flight, this.#parts.request.timeoutMs).then(() => this.#answer(this.#parts.clock.now()))
  }

  lookAgain(now: number): Eventually<KeyRing | KeysUnavailable | undefined> {
    const hasCooledDown = elapsed(this.#attemptAt, now) >= this.#parts.ages.cooldownMs
    const flight = hasCooledDown ? this.#fetch(now) : this.#flight
    if (flight !== undefined)
      return within(flight, this.#parts.request.timeoutMs).then(() => this.#newest(this.#parts.clock.now()))
    return this.#failures > 0 ? this.#unavailable(now) : undefined
  }

  status(): KeysStatus {
    const { ring, fetchedAt } = this.#held ?? {}
    const counted = { usable: ring?.size, skipped: ring?.skipped ?? 0 }
    return { source: 'remote', ...counted, fetchedAt, failures: this.#failures, error: this.#error }
  }

  #isUsable(now: number): boolean {
    const held = this.#held
    return held !== undefined && elapsed(held.fetchedAt, now) < held.freshForMs + this.#parts.ages.staleIfErrorMs
  }

  #answer(now: number): KeyRing | KeysUnavailable {
    return this.#held !== undefined && this.#isUsable(now) ? this.#held.ring : this.#unavailable(now)
  }

  /** The set as of the last attempt; an older one cannot tell whether a key is new. */
  #newest(now: number): KeyRing | KeysUnavailable {
    return this.#failures > 0 ? this.#unavailable(now) : this.#answer(now)
  }

  #unavailable(now: number): KeysUnavailable {
    const waitMs = this.#retryMs() - elapsed(this.#attemptAt, now)
    return { retryAfterMs: Math.max(FIRST_RETRY_MS, waitMs) }
  }

  #retryMs(): number {
    return this.#failures === 0 ? 0 : Math.min(this.#parts.ages.cooldownMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1))
  }

  #isDue(now: number): boolean {
    return elapsed(this.#attemptAt, now) >= this.#retryMs()
  }

  #fetch(now: number): Promise<void> {
    const { timeoutMs } = this.#parts.request
    // One that is overdue may never land: its request may be gone, and with it whoever would have told.
    if (this.#flight !== undefined && elapsed(this.#attemptAt, now) <= timeoutMs) return this.#flight
    const flight = this.#attempt(now).finally(() => {
      if (this.#flight === flight) this.#flight = undefined
    })
    this.#flight = flight
    return flight
  }

  async #attempt(now: number): Promise<void> {
    const { request, engine } = this.#parts
    this.#attemptAt = now
    try {
      const fetched = await fetchKeySet(request)
      const ring = await readKeyRing(fetched.set, engine, this.#held?.ring)
      this.#held = { ring, fetchedAt: now, freshForMs: this.#freshForMs(fetched) }
      this.#failures = 0
      this.#error = undefined
    } catch (thrown) {
      this.#failures++
      this.#error = describe(thrown)
    }
  }

  /** What the answer says, but no longer than configured, and no shorter than the cooldown. */
  #freshForMs({ maxAgeSeconds }: FetchedKeySet): number {
    const { maxAgeMs, cooldownMs } = this.#parts.ages
    const saidMs = maxAgeSeconds === undefined ? maxAgeMs : maxAgeSeconds * 1000
    return Math.min(maxAgeMs, Math.max(cooldownMs, saidMs))
  }
}

/** How much longer than the request itself those wait who wait for it: it is to tell them what went wrong. */
const GRACE_MS = 250

/** Waits for a flight, but no longer than it may take; by a timer of one's own, since the one who began it may be gone. */
async function within(flight: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs + GRACE_MS)
    unref(timer)
  })
  try {
    await Promise.race([flight, limit])
  } finally {
    clearTimeout(timer)
  }
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message
}
