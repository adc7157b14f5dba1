import type { AttemptCounters, AttemptRule, Taking } from './attempt-counters.ts'

interface Window {
  count: number
  readonly endsAt: number
}

/**
 * Counters in process memory: at most `capacity` windows per rule (default 100,000, some 20 MB when full), and no timers.
 *
 * When a rule is full, the oldest windows that still have room are forgotten, so that a flood of subjects with few attempts
 * each unblocks nobody who is blocked. Blocked ones may take half of the capacity; past that those that were blocked first
 * are forgotten too. To win more attempts somebody must therefore make some `capacity / 2` attempts that count.
 */
export class MemoryAttemptCounters implements AttemptCounters {
  readonly #tables = new Map<string, WindowTable>()
  readonly #capacity: number

  constructor(capacity = 100_000) {
    if (!Number.isInteger(capacity) || capacity < 2) throw new TypeError('capacity must be a whole number from 2')
    this.#capacity = capacity
  }

  async take(rule: AttemptRule, subject: string, now: number): Promise<Taking> {
    let table = this.#tables.get(rule.name)
    if (table === undefined) this.#tables.set(rule.name, (table = new WindowTable(this.#capacity)))
    return table.take(rule, subject, now)
  }

  async giveBack(rule: AttemptRule, subject: string, windowEndsAt: number): Promise<void> {
    this.#tables.get(rule.name)?.giveBack(subject, windowEndsAt)
  }

  /** How many windows are held now. */
  get size(): number {
    return this.#sum((table) => table.size)
  }

  /** How many windows were forgotten for want of room before they ended. More than none: the capacity is too small, or a flood. */
  get evicted(): number {
    return this.#sum((table) => table.evicted)
  }

  #sum(countOf: (table: WindowTable) => number): number {
    let sum = 0
    for (const table of this.#tables.values()) sum += countOf(table)
    return sum
  }
}

/** How often the windows that have ended are looked for, and how many are forgotten at once for want of room. */
const SHARE = 64

/** The windows of one rule. All are equally long, so that those at the front of a map end first, or nearly. */
class WindowTable {
  readonly #open = new Map<string, Window>()
  readonly #spent = new Map<string, Window>()
  readonly #capacity: number
  #tidiedAt = Number.NEGATIVE_INFINITY
  evicted = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#open.size + this.#spent.size
  }

  take({ attempts, windowMs }: AttemptRule, subject: string, now: number): Taking {
    this.#tidy(now, windowMs)
    const held = this.#spent.get(subject) ?? this.#open.get(subject)
    const window = held !== undefined && stands(held, now, windowMs) ? held : { count: 0, endsAt: now + windowMs }
    if (window.count >= attempts) return { taken: false, retryAfterMs: window.endsAt - now }
    window.count++
    this.#place(subject, window, window.count >= attempts)
    if (this.size > this.#capacity) this.#makeRoom()
    return { taken: true, windowEndsAt: window.endsAt }
  }

  giveBack(subject: string, windowEndsAt: number): void {
    const window = this.#spent.get(subject) ?? this.#open.get(subject)
    if (window?.endsAt !== windowEndsAt) return
    window.count--
    if (window.count > 0) this.#place(subject, window, false)
    else this.#forget(subject)
  }

  #place(subject: string, window: Window, spent: boolean): void {
    const [to, from] = spent ? [this.#spent, this.#open] : [this.#open, this.#spent]
    from.delete(subject)
    // A successor goes to the back, and does not take the place of the window that has ended.
    if (to.get(subject) !== window) to.delete(subject)
    to.set(subject, window)
  }

  #forget(subject: string): void {
    this.#open.delete(subject)
    this.#spent.delete(subject)
  }

  /** Not at every attempt: to begin at the front of a map, the engine steps over all that was removed there before. */
  #tidy(now: number, windowMs: number): void {
    const sinceMs = now - this.#tidiedAt
    if (sinceMs >= 0 && sinceMs < windowMs / SHARE) return
    this.#tidiedAt = now
    for (const windows of [this.#open, this.#spent]) forgetWhile(windows, (window) => !stands(window, now, windowMs))
  }

  #makeRoom(): void {
    let room = Math.ceil(this.#capacity / SHARE)
    const from = this.#spent.size > this.#capacity / 2 ? this.#spent : this.#open
    const before = from.size
    forgetWhile(from, () => room-- > 0)
    this.evicted += before - from.size
  }
}

/** A window that ends later than a new one would comes from a clock that has been set back since. */
function stands({ endsAt }: Window, now: number, windowMs: number): boolean {
  return now < endsAt && endsAt <= now + windowMs
}

/** Removes from the front, where those are that end first, as long as they are to go. */
function forgetWhile(windows: Map<string, Window>, isGone: (window: Window) => boolean): void {
  for (const [subject, window] of windows) {
    if (!isGone(window)) return
    windows.delete(subject)
  }
}
