/** A turn of the event loop that took less had nothing to do but to look. */
const QUIET_MS = 0.2

/**
 * Resolves right after the event loop has looked for what came in and found next to nothing, or after `withinMs` (default 200). Who closes a
 * listening socket then leaves nobody behind who was connected by the operating system and not yet accepted, or whose request was not yet read.
 */
export function quietMoment(withinMs = 200): Promise<void> {
  return new Promise((resolve) => {
    const giveUpAt = performance.now() + withinMs
    const look = (since: number): void => {
      const now = performance.now()
      if (now - since < QUIET_MS || now > giveUpAt) resolve()
      else setImmediate(look, performance.now())
    }
    setImmediate(look, -Infinity)
  })
}
