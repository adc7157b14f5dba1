import type { ClientOrigin, Refreshed, Tokens } from './issuer-client.ts'

/** What a gateway holds for a browser: the cookie has the refresh token, and the gateway the rest. */
export interface Held {
  readonly accessToken: string
  /** What the cookie should be by now. */
  readonly refreshToken: string
}

/** A browser's session as it is now. */
export type Resolved = Held | 'ended' | 'unknown'

/** What holding takes. */
export interface BrowserSessionParts {
  readonly refresh: (refreshToken: string, origin: ClientOrigin) => Promise<Refreshed>
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** Resolves after so many milliseconds. */
  readonly after: (ms: number) => Promise<unknown>
  /** How many sessions are held at most; the one that was used least recently is forgotten, and refreshed when it comes again. */
  readonly most: number
}

/** So long before its end an access token is replaced: as long as a request may be under way, but no large part of a short life. */
const AHEAD_MS = 10_000
const AHEAD_PART = 0.25

/** So long requests wait for a new access token while the present one is still good. */
const PATIENCE_MS = 2_000

/** How long the token before is good here after the present one has come back: as the issuer does it, for what was under way. */
const WINDOW_MS = 30_000

interface Entry {
  tokens: Tokens
  endsAt: number
  /** Tokens of before that stand for this session still, and until when; `Infinity` as long as the browser has not shown the present one. */
  readonly earlier: Map<string, number>
  renewing: Promise<Resolved> | undefined
}

/**
 * Access tokens for the browsers whose refresh tokens come in cookies. One refresh at a time for each session, however many requests wait. A token of
 * before stands for its session until the browser has shown that it has the present one: an answer that was lost signs nobody out.
 */
export class BrowserSessions {
  readonly #parts: BrowserSessionParts
  /** By refresh token, earlier ones too; in the order of their last use. */
  readonly #entries = new Map<string, Entry>()
  /** Those that nothing is held of yet. */
  readonly #first = new Map<string, Promise<Resolved>>()

  constructor(parts: BrowserSessionParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#entries.size
  }

  /** Begins to hold a session that has just been started. */
  keep(tokens: Tokens): Held {
    const entry: Entry = { tokens, endsAt: this.#endOf(tokens), earlier: new Map(), renewing: undefined }
    this.#put(tokens.refreshToken, entry)
    return heldOf(entry)
  }

  /** What stands for a refresh token now: at once wherever its access token is good for a while. */
  resolve(refreshToken: string, origin: ClientOrigin): Resolved | Promise<Resolved> {
    const entry = this.#find(refreshToken)
    if (entry === undefined) return this.#begin(refreshToken, origin)
    const leftMs = entry.endsAt - this.#parts.now()
    if (leftMs > Math.min(AHEAD_MS, entry.tokens.expiresInSeconds * 1000 * AHEAD_PART)) return heldOf(entry)
    entry.renewing ??= this.#renew(entry, origin).finally(() => (entry.renewing = undefined))
    if (leftMs <= PATIENCE_MS) return entry.renewing
    return Promise.race([entry.renewing, this.#parts.after(PATIENCE_MS).then(() => heldOf(entry))])
  }

  /** Forgets a session: its tokens are good for nothing here any more. */
  forget(refreshToken: string): void {
    const entry = this.#entries.get(refreshToken)
    if (entry === undefined) return
    for (const text of [entry.tokens.refreshToken, ...entry.earlier.keys()]) this.#entries.delete(text)
  }

  #find(refreshToken: string): Entry | undefined {
    const entry = this.#entries.get(refreshToken)
    if (entry === undefined) return undefined
    const now = this.#parts.now()
    if (entry.tokens.refreshToken === refreshToken) this.#noteShown(entry, now)
    else if ((entry.earlier.get(refreshToken) ?? -Infinity) <= now) {
      entry.earlier.delete(refreshToken)
      this.#entries.delete(refreshToken)
      return undefined
    }
    // The last in the order is the one that was used last.
    this.#entries.delete(refreshToken)
    this.#entries.set(refreshToken, entry)
    return entry
  }

  /** The browser has the present token: those of before are good only for what was under way. */
  #noteShown(entry: Entry, now: number): void {
    for (const [text, until] of entry.earlier) if (until === Infinity) entry.earlier.set(text, now + WINDOW_MS)
  }

  #begin(refreshToken: string, origin: ClientOrigin): Promise<Resolved> {
    const under = this.#first.get(refreshToken)
    if (under !== undefined) return under
    const beginning = this.#parts
      .refresh(refreshToken, origin)
      .then((refreshed): Resolved => {
        if (typeof refreshed === 'string') return refreshed
        const { tokens } = refreshed
        const entry: Entry = { tokens, endsAt: this.#endOf(tokens), earlier: new Map(), renewing: undefined }
        this.#put(tokens.refreshToken, entry)
        this.#remember(entry, refreshToken)
        return heldOf(entry)
      })
      .finally(() => this.#first.delete(refreshToken))
    this.#first.set(refreshToken, beginning)
    return beginning
  }

  async #renew(entry: Entry, origin: ClientOrigin): Promise<Resolved> {
    const before = entry.tokens.refreshToken
    const refreshed = await this.#parts.refresh(before, origin)
    if (refreshed === 'ended') {
      this.forget(before)
      return 'ended'
    }
    // Nobody can tell: what is held is good to its end.
    if (refreshed === 'unknown') return this.#parts.now() < entry.endsAt ? heldOf(entry) : 'unknown'
    entry.tokens = refreshed.tokens
    entry.endsAt = this.#endOf(refreshed.tokens)
    this.#put(refreshed.tokens.refreshToken, entry)
    this.#remember(entry, before)
    return heldOf(entry)
  }

  #remember(entry: Entry, earlier: string): void {
    if (earlier === entry.tokens.refreshToken) return
    entry.earlier.set(earlier, Infinity)
    this.#put(earlier, entry)
  }

  #put(refreshToken: string, entry: Entry): void {
    this.#entries.set(refreshToken, entry)
    while (this.#entries.size > this.#parts.most) {
      const [oldest] = this.#entries.keys()
      if (oldest === undefined) return
      this.#entries.delete(oldest)
    }
  }

  #endOf({ expiresInSeconds }: Tokens): number {
    return this.#parts.now() + expiresInSeconds * 1000
  }
}

function heldOf({ tokens: { accessToken, refreshToken } }: Entry): Held {
  return { accessToken, refreshToken }
}
