import { StoreUnavailable, type Database } from '@counterfoil/core'
import { hurry, NoAnswer, type Trust } from './commands.ts'
import type { Link, Primary } from './link.ts'
import { describeRollback, findRollback, readMark, type Mark, type RollbackSign } from './mark.ts'
import { observe, type Observation, type Observer } from './observe.ts'

/** What a watch needs. */
export interface WatchParts {
  readonly link: Link
  readonly observer: Observer
  readonly database: Pick<Database, 'readMark' | 'keepMark'>
  readonly markName: string
  readonly pollMs: number
  /** Is told in words what was noticed. */
  readonly repair: (loss: string) => Promise<unknown>
  readonly onWarning: (message: string) => void
}

/** After how many looks the mark is kept again: what it is for is a restart of all nodes at once. */
const LOOKS_PER_KEPT_MARK = 60

/** So many looks in a row get no answer until a connection is made anew: its other end may be gone without a word. */
const SILENT_LOOKS = 2

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 2_000

/** How many looks pass before a replica that was slow is waited for again. */
const LOOKS_WITHOUT_WAITING = 5

/**
 * Looks at each primary again and again: over each connection before the first answer that comes by it, and then each second.
 * While one has, or may have, lost writes nothing is asked of it until the repair is done.
 */
export class Watch implements Trust {
  readonly #parts: WatchParts
  #trusted = new Set<string>()
  /** The connections that were of no use at the last look. */
  #useless = new Set<string>()
  #mark: Mark | undefined
  #looking: Promise<void> | undefined
  #isMending = false
  /** Where lost writes were found and no repair has come to its end since, by tag: what shows them may pass, they do not. */
  #lost = new Map<string, Lost>()
  /** How many looks in a row got no answer, by tag. */
  #silences = new Map<string, number>()
  #isClosed = false
  #cancelNext = (): void => undefined
  #failuresInARow = 0
  #looks = 0
  #haveReplicas = false
  #waitsFrom = 0

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  trusts(route: string): boolean {
    return this.#trusted.has(route)
  }

  doubt(route: string): void {
    this.#trusted.delete(route)
  }

  async settle(route: string): Promise<void> {
    if (this.#isMending) throw new StoreUnavailable('Redis has lost writes, and is being repaired')
    if (this.#useless.has(route) || this.#isClosed) throw new StoreUnavailable('Redis cannot be asked')
    await hurry(this.look(), this.#parts.observer.patience)
  }

  /** Whether each primary has a replica that has kept up. */
  get replicates(): boolean {
    return this.#haveReplicas && this.#looks >= this.#waitsFrom
  }

  /** A replica did not confirm in time: nobody waits for any for a while. */
  noteSlowReplica(): void {
    this.#waitsFrom = this.#looks + LOOKS_WITHOUT_WAITING
  }

  /** Looks now, or joins the look that is being taken. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#lookAndMend()
      .then(
        (isWhole) => (this.#failuresInARow = isWhole ? 0 : this.#failuresInARow + 1),
        () => this.#failuresInARow++,
      )
      .then(() => {
        this.#looking = undefined
        this.#lookLater()
      })
    return this.#looking
  }

  close(): void {
    this.#isClosed = true
    this.#cancelNext()
    this.#trusted.clear()
    this.#parts.link.close()
  }

  #lookLater(): void {
    this.#cancelNext()
    if (this.#isClosed) return
    const retryMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failuresInARow - 1))
    const delayMs = this.#failuresInARow === 0 ? this.#parts.pollMs : retryMs
    this.#cancelNext = this.#parts.observer.patience.timer.after(delayMs, () => void this.look())
  }

  /** Whether all primaries could be asked. */
  async #lookAndMend(): Promise<boolean> {
    for (;;) {
      const { primaries, seen } = await this.#lookAround()
      const mark = (this.#mark ??= await this.#recall(seen))
      if (this.#notice(mark, seen)) this.#parts.observer.tally.rollbacks++
      const sound = seen.filter(({ tag }) => !this.#lost.has(tag))
      if (!this.#isClosed) this.#trusted = new Set(sound.map(({ route }) => route))
      this.#mark = remember(mark, sound)
      if (this.#lost.size === 0) {
        await this.#keepNowAndThen()
        return seen.length === primaries.length
      }
      await this.#mend(seen)
    }
  }

  /** Whether this is the first that is seen of lost writes since the last repair. */
  #notice(mark: Mark, seen: readonly Observation[]): boolean {
    const wasWhole = this.#lost.size === 0
    for (const { name, tag, mark: now } of seen) {
      const sign = findRollback(mark, tag, now)
      if (sign !== undefined) this.#lost.set(tag, { name, sign })
    }
    return wasWhole && this.#lost.size > 0
  }

  async #lookAround(): Promise<{ primaries: readonly Primary[]; seen: Observation[] }> {
    const { link, observer } = this.#parts
    const primaries = link.primaries()
    const results = await Promise.allSettled(primaries.map((primary) => observe(primary, observer)))
    const seen = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const missed = primaries.filter((_, at) => results[at]?.status === 'rejected')
    this.#useless = new Set(missed.map((primary) => primary.route()))
    for (const route of this.#useless) this.#trusted.delete(route)
    for (const [at, primary] of primaries.entries()) this.#renewIfSilent(primary, results[at])
    this.#looks++
    this.#haveReplicas = missed.length === 0 && seen.every(({ replicas }) => replicas > 0)
    if (seen.length === 0) throw new StoreUnavailable('Redis cannot be asked')
    return { primaries, seen }
  }

  #renewIfSilent(primary: Primary, result: PromiseSettledResult<Observation> | undefined): void {
    const isSilent = result?.status === 'rejected' && result.reason instanceof NoAnswer
    const silences = isSilent ? (this.#silences.get(primary.tag) ?? 0) + 1 : 0
    this.#silences.set(primary.tag, silences % SILENT_LOOKS)
    if (silences === SILENT_LOOKS) primary.renew()
  }

  /** What was kept before this process began; where there is nothing, things are as they should be from here on. */
  async #recall(seen: readonly Observation[]): Promise<Mark> {
    const { database, markName } = this.#parts
    const kept = readMark(await database.readMark(markName))
    if (kept !== undefined) return kept
    const first = remember({ repairs: 0, primaries: {} }, seen)
    await database.keepMark(markName, JSON.stringify(first))
    // Each look has to find the counters further on than the one before.
    return { ...first, primaries: withCountsBack(first) }
  }

  async #keepNowAndThen(): Promise<void> {
    const { database, markName } = this.#parts
    if (this.#looks % LOOKS_PER_KEPT_MARK !== 0) return
    await database.keepMark(markName, JSON.stringify(this.#mark)).catch(() => undefined)
  }

  async #mend(seen: readonly Observation[]): Promise<void> {
    this.#isMending = true
    try {
      this.#mark = (await this.#repairedElsewhere(seen)) ?? (await this.#repair(seen))
      this.#lost.clear()
    } catch (error) {
      this.#parts.onWarning(`the repair after lost writes in Redis failed, and is tried again: ${String(error)}`)
      throw error
    } finally {
      this.#isMending = false
    }
  }

  /** The mark of another node that has met the same rollback and repaired it since this one was last at ease. */
  async #repairedElsewhere(seen: readonly Observation[]): Promise<Mark | undefined> {
    const { database, markName } = this.#parts
    const kept = readMark(await database.readMark(markName))
    if (kept === undefined || kept.repairs <= (this.#mark?.repairs ?? 0)) return undefined
    const isSound = seen.every(({ tag, mark }) => findRollback(kept, tag, mark) === undefined)
    return isSound ? kept : undefined
  }

  async #repair(seen: readonly Observation[]): Promise<Mark> {
    const { repair, database, markName, observer } = this.#parts
    const before = this.#mark ?? { repairs: 0, primaries: {} }
    // Whoever starts before the repair is done has to find that one is due.
    await database.keepMark(markName, JSON.stringify(withoutTrust(before, [...this.#lost.keys()])))
    const losses = Array.from(this.#lost.values(), ({ name, sign }) => describeRollback(name, sign))
    await repair(losses.join('; '))
    observer.tally.repairs++
    const kept = readMark(await database.readMark(markName))
    const repairs = Math.max(before.repairs, kept?.repairs ?? 0) + 1
    const mark = remember({ ...before, repairs }, seen)
    await database.keepMark(markName, JSON.stringify(mark))
    return mark
  }
}

interface Lost {
  readonly name: string
  readonly sign: RollbackSign
}

function remember(mark: Mark, seen: readonly Observation[]): Mark {
  return {
    ...mark,
    primaries: { ...mark.primaries, ...Object.fromEntries(seen.map(({ tag, mark: one }) => [tag, one])) },
  }
}

/** A mark that nothing on these primaries agrees with. */
function withoutTrust(mark: Mark, tags: readonly string[]): Mark {
  const nothing = { replication: '', counter: '', count: 0 }
  return { ...mark, primaries: { ...mark.primaries, ...Object.fromEntries(tags.map((tag) => [tag, nothing])) } }
}

function withCountsBack(mark: Mark): Mark['primaries'] {
  return Object.fromEntries(Object.entries(mark.primaries).map(([tag, one]) => [tag, { ...one, count: one.count - 1 }]))
}
