import type { LogHead, NewRevocation, Revocation, SessionId } from '@counterfoil/protocol'
import type { RevocationLog } from '../revocation-log.ts'

/** Appends to the log in the same step as what the records are about is changed. */
export type AppendNow = (records: readonly NewRevocation[]) => LogHead

/** A revocation log in memory: nothing survives the process, so each has an incarnation of its own. */
export function createMemoryLog(incarnation: string): { readonly log: RevocationLog; readonly appendNow: AppendNow } {
  let records: Revocation[] = []
  let compacted = 0
  const watchers = new Set<() => void>()
  const ended = new Counts<SessionId>()
  const head = (): LogHead => ({ incarnation, position: compacted + records.length })
  const appendNow: AppendNow = (given) => {
    let { position } = head()
    for (const record of given) {
      records.push({ ...record, position: ++position })
      if (record.kind === 'session') ended.add(record.sessionId)
    }
    // Not at once: what a watcher throws is no business of the one who appends.
    if (given.length > 0) watchers.forEach((watcher) => queueMicrotask(watcher))
    return head()
  }
  const log: RevocationLog = {
    append: async (given) => appendNow(given),
    async read(after, limit) {
      if (after < compacted) return 'compacted'
      const from = after - compacted
      return { records: records.slice(from, from + limit).map((record) => ({ ...record })), head: head() }
    },
    head: async () => head(),
    holdsSession: async (id) => ended.has(id),
    watch(onAppend) {
      const watcher = () => watchers.has(watcher) && onAppend()
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    async compact(before) {
      const young = records.findIndex(({ at }) => at >= before)
      const removed = young < 0 ? records : records.slice(0, young)
      records = records.slice(removed.length)
      compacted += removed.length
      for (const record of removed) if (record.kind === 'session') ended.remove(record.sessionId)
      return removed.length
    },
  }
  return { log, appendNow }
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
