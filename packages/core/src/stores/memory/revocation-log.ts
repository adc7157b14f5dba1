import type { LogHead, NewRevocation, Revocation, SessionId } from '@counterfoil/protocol'
import type { RevocationLog } from '../revocation-log.ts'
import { createMemoryLogArchive, type LogArchive } from './log-archive.ts'

/** Appends to the log in the same step as what the records are about is changed. */
export type AppendNow = (records: readonly NewRevocation[]) => LogHead

/** A log, and what else memory lets one do with it. */
export interface MemoryLog {
  readonly log: RevocationLog
  readonly appendNow: AppendNow
  readonly archive: LogArchive
}

/** What one log knows. */
interface State {
  incarnation: string
  records: Revocation[]
  compacted: number
  readonly watchers: Set<() => void>
  readonly ended: Counts<SessionId>
}

/** A revocation log in memory: nothing survives the process, so each has an incarnation of its own. */
export function createMemoryLog(incarnation: string): MemoryLog {
  const state: State = { incarnation, records: [], compacted: 0, watchers: new Set(), ended: new Counts() }
  const appendNow = (given: readonly NewRevocation[]): LogHead => append(state, given)
  const archive = createMemoryLogArchive({
    ends: () => ({ ...headOf(state), compacted: state.compacted }),
    records: () => state.records,
    become: (ends, records) => become(state, ends, records),
  })
  return { log: createLog(state, appendNow), appendNow, archive }
}

function headOf({ incarnation, compacted, records }: State): LogHead {
  return { incarnation, position: compacted + records.length }
}

function append(state: State, given: readonly NewRevocation[]): LogHead {
  let { position } = headOf(state)
  for (const record of given) {
    state.records.push({ ...record, position: ++position })
    if (record.kind === 'session') state.ended.add(record.sessionId)
  }
  // Not at once: what a watcher throws is no business of the one who appends.
  if (given.length > 0) state.watchers.forEach((watcher) => queueMicrotask(watcher))
  return headOf(state)
}

function become(
  state: State,
  ends: { readonly incarnation: string; readonly compacted: number },
  records: readonly Revocation[],
): void {
  Object.assign(state, { incarnation: ends.incarnation, compacted: ends.compacted, records: [...records] })
  for (const record of records) if (record.kind === 'session') state.ended.add(record.sessionId)
}

function createLog(state: State, append: AppendNow): RevocationLog {
  const { watchers } = state
  return {
    append: async (given) => append(given),
    async read(after, limit) {
      if (after < state.compacted) return 'compacted'
      const from = after - state.compacted
      return { records: state.records.slice(from, from + limit).map((record) => ({ ...record })), head: headOf(state) }
    },
    head: async () => headOf(state),
    holdsSession: async (id) => state.ended.has(id),
    watch(onAppend) {
      const watcher = () => watchers.has(watcher) && onAppend()
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    compact: async (before) => compact(state, before),
  }
}

function compact(state: State, before: number): number {
  const young = state.records.findIndex(({ at }) => at >= before)
  const removed = young < 0 ? state.records : state.records.slice(0, young)
  state.records = state.records.slice(removed.length)
  state.compacted += removed.length
  for (const record of removed) if (record.kind === 'session') state.ended.remove(record.sessionId)
  return removed.length
}

/** How often each thing is there. */
class Counts<Thing> {
  readonly #counts = new Map<Thing, number>()

  has(thing: Thing): boolean {
    return this.#counts.has(thing)
  }

  add(thing: Thing): void {
    this.#counts.set(thing, (this.#counts.get(thing) ?? 0) + 1)
  }

  remove(thing: Thing): void {
    const left = (this.#counts.get(thing) ?? 0) - 1
    if (left > 0) this.#counts.set(thing, left)
    else this.#counts.delete(thing)
  }
}
