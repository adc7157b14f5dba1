import { SQLITE, sqliteCode } from './failure.ts'

const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * Tries until no other connection stands in the way, for at most `forMs`; then throws the last error. It blocks its thread.
 * SQLite's own waiting backs off to a tenth of a second: beside a busy writer that leaves only moments free, it would starve.
 */
export function insist<Answer>(forMs: number, attempt: () => Answer): Answer {
  const until = performance.now() + forMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      const code = sqliteCode(error)
      if ((code !== SQLITE.busy && code !== SQLITE.locked) || performance.now() >= until) throw error
    }
    Atomics.wait(pause, 0, 0, 1)
  }
}
