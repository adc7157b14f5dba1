import type { DatabaseSync } from 'node:sqlite'
import type { Unsubscribe } from '@counterfoil/core'
import { prepareQuery } from './statements.ts'

/** Those who want to know that something in the file has grown. */
export interface Watch {
  add(onGrowth: () => void): Unsubscribe
  /** Says how far it has grown; calls back when that is further than known. */
  notice(size: number): void
  close(): void
}

/** How often to look whether another process wrote, in milliseconds. Only while somebody watches. */
const LOOK_EVERY_MS = 250

/**
 * Tells watchers that a number in the file, which only ever grows, has grown: of what this process wrote by `notice`, of what others wrote by
 * looking at the file from time to time. `sql` selects the number.
 */
export function watchGrowth(db: DatabaseSync, sql: string): Watch {
  const dataVersion = prepareQuery<[number]>(db, 'PRAGMA data_version')
  const size = prepareQuery<[number]>(db, sql)
  const watchers = new Set<() => void>()
  let known = size.first()?.[0] ?? 0
  let version = 0
  let timer: NodeJS.Timeout | undefined

  function notice(present: number): void {
    if (present <= known) return
    known = present
    for (const watcher of watchers) queueMicrotask(watcher)
  }

  function look(): void {
    try {
      const present = dataVersion.first()?.[0] ?? 0
      if (present !== version) notice(size.first()?.[0] ?? 0)
      version = present
    } catch {
      // A hint may be lost. Whoever asks the file itself learns that it cannot be read.
    }
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    add(onGrowth) {
      const watcher = () => onGrowth()
      watchers.add(watcher)
      timer ??= setInterval(look, LOOK_EVERY_MS).unref()
      return () => {
        watchers.delete(watcher)
        if (watchers.size === 0) stop()
      }
    },
    notice,
    close() {
      watchers.clear()
      stop()
    },
  }
}
