import type { AttemptCounters, AttemptRule, Taking } from './attempt-counters.ts'

interface Window {
  count: number
  readonly endsAt: number
}

/**
 * Counters in process memory: at most `capacity` windows per rule (default 100,000, some 20 MB when full), and no timers.
 *
 * When a rule is full, the oldest window that still has room is forgotten, so that a flood of subjects with few attempts
 * each unblocks nobody who is blocked. Blocked ones may take half of the capacity; past that the one that was blocked
 * first is forgotten too. To win one more attempt somebody must therefore make `capacity / 2` attempts that count.
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

/** The windows of one rule. All are equally long, so that the first in a map is the first to end. */
class WindowTable {
  readonly #open = new Map<string, Window>()
  readonly #spent = new Map<string, Window>()
  readonly #capacity: number
  evicted = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#open.size + this.#spent.size
  }

  take({ attempts, windowMs }: AttemptRule, subject: string, now: number): Taking {
    // A window that ends later than a new one would comes from a clock that has been set back since.
    const stands = (window: Window): boolean => now < window.endsAt && window.endsAt <= now + windowMs
    forgetWhile(this.#open, (window) => !stands(window))
    forgetWhile(this.#spent, (window) => !stands(window))
    const held = this.#spent.get(subject) ?? this.#open.get(subject)
    const window = held !== undefined && stands(held) ? held : { count: 0, endsAt: now + windowMs }
    if (window.count >= attempts) return { taken: false, retryAfterMs: window.endsAt - now }
    window.count++
    this.#place(subject, window, window.count >= attempts)
    this.#makeRoom()
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
    // Setting what is there already would leave an ended window's place to its successor.
    if (to.get(subject) !== window) to.delete(subject)
    to.set(subject, window)
  }

  #forget(subject: string): void {
    this.#open.delete(subject)
    this.#spent.delete(subject)
  }

  #makeRoom(): void {
    if (this.size <= this.#capacity) return
    const from = this.#spent.size > this.#capacity / 2 ? this.#spent : this.#open
    for (const subject of from.keys()) {
      from.delete(subject)
      this.evicted++
      return
    }
  }
}

/** Removes from the front, where those are that end first, as long as they are to go. */
function forgetWhile(windows: Map<string, Window>, isGone: (window: Window) => boolean): void {
  for (const [subject, window] of windows) {
    if (!isGone(window)) return
    windows.delete(subject)
  }
}
