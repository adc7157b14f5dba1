import type { Log } from '../terminal/log.ts'

/** How long requests in flight may take to finish. */
export const DRAIN_MS = 10_000

/** How long the rest of closing may take after that. */
const CLOSING_MS = 2000

/** Closes and exits on the first SIGTERM or SIGINT, and exits at once on the second. What nobody caught is logged, and ends the process. */
export function stopOnSignal(log: Log, close: () => Promise<void>): void {
  let stopping = false
  const exit = (code: number): never => {
    log.flush()
    process.exit(code)
  }
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (stopping) exit(signal === 'SIGINT' ? 130 : 143)
    stopping = true
    log.logger.info({ signal }, 'stopping: requests in flight finish first')
    void withinBound(close, log).then(exit)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  if (process.env['npm_lifecycle_event'] !== undefined) onOrphaned(() => onSignal('SIGTERM'))
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

/** Closes, and answers the code to exit with. What was acknowledged is durable however this ends. */
async function withinBound(close: () => Promise<void>, { logger }: Log): Promise<number> {
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
