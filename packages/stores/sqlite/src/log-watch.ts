import type { DatabaseSync } from 'node:sqlite'
import type { Unsubscribe } from '@counterfoil/core'
import { prepareQuery } from './statements.ts'

/** Those who want to know that the log has grown. */
export interface LogWatch {
  add(onAppend: () => void): Unsubscribe
  /** Says where the log ends; calls back when that is further than known. */
  notice(head: number): void
  close(): void
}

/** How often to look whether another process appended, in milliseconds. Only while somebody watches. */
const LOOK_EVERY_MS = 250

/** Tells watchers of appends: those of this process by `notice`, those of others by looking at the file from time to time. */
export function watchLog(db: DatabaseSync): LogWatch {
  const dataVersion = prepareQuery<[number]>(db, 'PRAGMA data_version')
  const head = prepareQuery<[number]>(db, 'SELECT head FROM installation')
  const watchers = new Set<() => void>()
  let known = head.first()?.[0] ?? 0
  let version = 0
  let timer: NodeJS.Timeout | undefined

  function notice(position: number): void {
    if (position <= known) return
    known = position
    for (const watcher of watchers) queueMicrotask(watcher)
  }

  function look(): void {
    try {
      const present = dataVersion.first()?.[0] ?? 0
      if (present !== version) notice(head.first()?.[0] ?? 0)
      version = present
    } catch {
      // A hint may be lost. Whoever asks the log itself learns that it cannot be read.
    }
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    add(onAppend) {
      const watcher = () => onAppend()
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
