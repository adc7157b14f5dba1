import type { Configuration } from '../config/configuration.ts'
import { showListen } from '../config/network.ts'
import { showSessionStore } from '../config/stores.ts'
import { placeOf } from '../installation/installation.ts'
import type { Log } from '../terminal/log.ts'
import { welcome, whatToTry } from '../terminal/welcome.ts'
import { readVersion } from '../version.ts'

/** Says that the server is ready: to a person on a terminal at length, to a log in one line. */
export function announce(configuration: Configuration, { logger }: Log): void {
  const { issuer, sessionStore, applications, workers } = configuration
  if (process.stdout.isTTY) {
    process.stdout.write(welcome(configuration, readVersion()))
    return
  }
  logger.info(
    {
      version: readVersion(),
      issuer,
      listen: showListen(configuration.listen),
      data: placeOf(configuration),
      sessions: showSessionStore(sessionStore),
      workers,
      applications: applications.map(({ id }) => id),
      try: whatToTry(configuration),
    },
    `Counterfoil is ready at ${issuer}`,
  )
}
