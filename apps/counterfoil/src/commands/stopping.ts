import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../terminal/log.ts'

/** How long requests in flight may take to finish. */
export const DRAIN_MS = 10_000

/** How long the rest of closing may take after that. */
const CLOSING_MS = 2000

/** What is to be stopped. */
export interface Stoppable {
  /** Says that no more requests should come here. */
  readonly drain: () => void
  readonly close: () => Promise<void>
}

/** How to stop: after a while in which those who spread requests notice, or at once. */
export type Haste = 'gracefully' | 'at-once'

/** The longest that a process takes to stop when asked to, before it can be thought stuck. */
export function longestStopMs(drainSeconds: number): number {
  return drainSeconds * 1000 + DRAIN_MS + CLOSING_MS
}

/**
 * Stops and exits on the first SIGTERM or SIGINT, and exits at once on the second. SIGINT comes from a person, who does not want to wait: nobody
 * is given time to notice. What nobody caught is logged, and ends the process.
 */
export function stopOnSignal(log: Log, stop: (haste: Haste) => Promise<number>): void {
  const exit = exitAfter(log)
  let stopping = false
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (stopping) exit(signal === 'SIGINT' ? 130 : 143)
    stopping = true
    log.logger.info({ signal }, 'stopping: requests in flight finish first')
    void stop(signal === 'SIGINT' ? 'at-once' : 'gracefully').then(exit)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  if (process.env['npm_lifecycle_event'] !== undefined) onOrphaned(() => onSignal('SIGTERM'))
  exitOnUncaught(log, exit)
}

/**
 * Stops and exits on a signal, or when what is returned is called: the process that started this one says so. A signal may reach both, and then
 * counts once: only the other one cuts this short, and it kills.
 */
export function stopOnWord(log: Log, stop: (haste: Haste) => Promise<number>): (haste: Haste) => void {
  const exit = exitAfter(log)
  let stopping = false
  const begin = (haste: Haste): void => {
    if (stopping) return
    stopping = true
    void stop(haste).then(exit)
  }
  process.on('SIGINT', () => begin('at-once'))
  process.on('SIGTERM', () => begin('gracefully'))
  exitOnUncaught(log, exit)
  return begin
}

function exitAfter(log: Log): (code: number) => never {
  return (code) => {
    log.flush()
    process.exit(code)
  }
}

function exitOnUncaught(log: Log, exit: (code: number) => never): void {
  const onUncaught = (error: unknown): void => {
    log.logger.fatal({ err: error }, 'something went wrong that nobody caught: the process ends')
    exit(1)
  }
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUncaught)
}

/**
 * npm runs a script in a shell, and a signal to npm ends the shell alone: the server would go on with nobody to stop it
 * (https://github.com/npm/cli/issues/5776). So under npm the end of the shell counts as the signal.
 */
function onOrphaned(stop: () => void): void {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, 500).unref()
}

/** Drains for so long, closes, and answers the code to exit with. What was acknowledged is durable however this ends. */
export async function drainAndClose(
  { drain, close }: Stoppable,
  drainSeconds: number,
  { logger }: Log,
): Promise<number> {
  drain()
  if (drainSeconds > 0) {
    logger.info({ drainSeconds }, 'not ready any more; serving until those who spread requests have noticed')
    await sleep(drainSeconds * 1000)
  }
  const bound = new Promise<'late'>((resolve) => void setTimeout(resolve, DRAIN_MS + CLOSING_MS, 'late'))
  try {
    const outcome = await Promise.race([close(), bound])
    if (outcome === 'late') logger.warn('stopped before everything was closed')
    else logger.info('stopped')
    return 0
  } catch (error) {
    logger.error({ err: error }, 'stopped, but not cleanly')
    return 1
  }
}
