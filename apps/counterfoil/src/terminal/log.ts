import { Writable } from 'node:stream'
import { loggerOptions } from '@counterfoil/server'
import { destination, pino, type Level, type Logger } from 'pino'
import { showLogLine } from './log-line.ts'

/** The log of this process, and how to make sure that all of it is out. */
export interface Log {
  readonly logger: Logger
  flush(): void
}

/** Logs to standard output: short lines for people on a terminal, one JSON object a line anywhere else. `worker` numbers the process. */
export function createLog(level: Level | 'silent', worker?: number): Log {
  const options = loggerOptions({ level, base: worker === undefined ? null : { worker } })
  if (process.stdout.isTTY) return { logger: pino(options, forPeople()), flush: () => undefined }
  const file = destination({ fd: 1, sync: false })
  // Whoever reads the log may go away; that is no reason to stop serving.
  file.on('error', () => undefined)
  const flush = (): void => {
    try {
      file.flushSync()
    } catch {
      // Nothing to be done: the log itself cannot be written.
    }
  }
  return { logger: pino(options, file), flush }
}

function forPeople(): Writable {
  return new Writable({
    write(line: Uint8Array, _encoding, done) {
      process.stdout.write(`${showLogLine(Buffer.from(line).toString('utf8').trimEnd())}\n`)
      done()
    },
  })
}

/** Writes Node's warnings into the log, in place of text on standard error that is not for whoever runs the server. */
export function logWarnings({ logger }: Log): void {
  process.removeAllListeners('warning').on('warning', ({ name, message, stack }) => {
    logger.warn({ warning: name, stack }, message)
  })
}
