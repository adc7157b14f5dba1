import { createServer, type CounterfoilServer } from '@counterfoil/server'
import type { Configuration } from '../config/configuration.ts'
import { loadConfiguration } from '../config/load.ts'
import { showListen, type Listen } from '../config/network.ts'
import { CommandFailure } from '../failure.ts'
import { openInstallation, underSecret, type Installation } from '../installation/installation.ts'
import { systemCode } from '../system-code.ts'
import { createLog, logWarnings, type Log } from '../terminal/log.ts'
import { welcome, whatToTry } from '../terminal/welcome.ts'
import { readVersion } from '../version.ts'
import { DRAIN_MS, stopOnSignal } from './stopping.ts'

/** Serves until a signal comes. */
export async function serve(options: { readonly config?: string }): Promise<void> {
  const configuration = loadConfiguration(options.config)
  const log = createLog(configuration.logLevel)
  logWarnings(log)
  const installation = await openInstallation(configuration, true)
  try {
    const server = await underSecret(configuration, () => makeServer(configuration, installation, log))
    await listen(server, configuration.listen)
    stopOnSignal(log, async () => {
      await server.close({ withinMs: DRAIN_MS })
      await installation.stores.close()
    })
  } catch (error) {
    await installation.stores.close()
    throw error
  }
  announce(configuration, log)
}

function makeServer(
  configuration: Configuration,
  { stores, secret }: Installation,
  { logger }: Log,
): Promise<CounterfoilServer> {
  const { database, sessions, log } = stores
  const { issuer, policy, applications, verifiers, trustedProxies, signUp } = configuration
  return createServer({
    issuer,
    database,
    sessions,
    log,
    secret,
    policy,
    applications,
    verifiers,
    trustedProxies,
    signUp,
    logger,
  })
}

async function listen(server: CounterfoilServer, address: Listen): Promise<void> {
  try {
    await server.listen(address)
  } catch (error) {
    await server.close()
    const reason = explain(error, address)
    if (reason === undefined) throw error
    throw new CommandFailure(`cannot listen on ${showListen(address)}: ${reason}`)
  }
}

function explain(error: unknown, { host, port }: Listen): string | undefined {
  switch (systemCode(error)) {
    case 'EADDRINUSE': {
      const other = showListen({ host, port: port === 65_535 ? 7500 : port + 1 })
      return `the port is taken by another program; stop it, or set listen to another port, such as ${other}`
    }
    case 'EACCES':
      return 'this user may not use that port; set listen to one above 1023'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine has no such address; set listen to one that it has, such as 127.0.0.1 or 0.0.0.0'
    case undefined:
    default:
      return undefined
  }
}

function announce(configuration: Configuration, { logger }: Log): void {
  const { issuer, database, applications } = configuration
  if (process.stdout.isTTY) {
    process.stdout.write(welcome(configuration, readVersion()))
    return
  }
  logger.info(
    {
      version: readVersion(),
      issuer,
      listen: showListen(configuration.listen),
      data: database,
      applications: applications.map(({ id }) => id),
      try: whatToTry(configuration),
    },
    `Counterfoil is ready at ${issuer}`,
  )
}
