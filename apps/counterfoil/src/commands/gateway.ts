import { createGateway, type Gateway } from '@counterfoil/gateway'
import { readText } from '../config/load.ts'
import { showListen } from '../config/network.ts'
import { CommandFailure } from '../failure.ts'
import { readGatewayConfiguration, requireAudiences, type GatewayConfiguration } from '../gateway/configuration.ts'
import { listenForOperators } from '../gateway/operations.ts'
import { makeVerifier, openAccessLog, readGatewayOptions, type OpenAccessLog } from '../gateway/parts.ts'
import { createLog, logWarnings, type Log } from '../terminal/log.ts'
import { readVersion } from '../version.ts'
import { listening } from './listening.ts'
import { DRAIN_MS, drainAndClose, stopOnSignal } from './stopping.ts'

/** Passes requests on until a signal comes; SIGHUP reads the configuration again. */
export async function gateway(options: { readonly config: string }): Promise<void> {
  const configuration = load(options.config)
  const log = createLog(configuration.logLevel)
  logWarnings(log)
  const running = await start(options.config, configuration, log)
  process.on('SIGHUP', () => void reload(options.config, configuration, running, log))
  const stoppable = { drain: () => running.gateway.drain(), close: () => running.close() }
  stopOnSignal(log, (haste) => drainAndClose(stoppable, haste === 'at-once' ? 0 : configuration.drainSeconds, log))
  const { issuer, listen, publicUrl, operations } = configuration
  const where = {
    version: readVersion(),
    issuer,
    listen: showListen(listen),
    operations: operations && showListen(operations),
  }
  log.logger.info(where, `Counterfoil gateway is ready at ${publicUrl}`)
}

function load(fileName: string): GatewayConfiguration {
  return readGatewayConfiguration({
    file: { name: fileName, text: readText(fileName) },
    environment: process.env,
    directory: process.cwd(),
  })
}

interface Running {
  readonly gateway: Gateway
  readonly verifier: ReturnType<typeof makeVerifier>
  readonly accessLog: OpenAccessLog | undefined
  close(): Promise<void>
}

async function start(fileName: string, configuration: GatewayConfiguration, log: Log): Promise<Running> {
  const verifier = checked(fileName, () => makeVerifier(configuration))
  const accessLog = openAccessLog(configuration)
  const options = await readGatewayOptions(configuration, verifier, accessLog?.log)
  const made = checked(fileName, () => createGateway(options))
  const { listen, operations, verifierKey } = configuration
  if (verifierKey === undefined)
    log.logger.warn('no verifier_key: access tokens are accepted until they expire, and session tokens not at all')
  await listening(listen, () => made.listen(listen))
  const operators =
    operations === undefined ? undefined : await listening(operations, () => listenForOperators(made, operations))
  const close = async (): Promise<void> => {
    await made.close({ withinMs: DRAIN_MS })
    operators?.close()
    operators?.closeAllConnections()
    verifier.close()
    accessLog?.flush()
  }
  return { gateway: made, verifier, accessLog, close }
}

/** What cannot be changed while it listens; all else is as the file says from the next request on. */
const FIXED = [
  'issuer',
  'issuerAddress',
  'listen',
  'audience',
  'verifierKey',
  'onStale',
  'operations',
  'accessLog',
  'drainSeconds',
  'logLevel',
] as const

async function reload(
  fileName: string,
  before: GatewayConfiguration,
  running: Running,
  { logger }: Log,
): Promise<void> {
  try {
    const configuration = load(fileName)
    requireAudiences(configuration.options.routes, before.audience, fileName)
    const changed = FIXED.filter((name) => JSON.stringify(configuration[name]) !== JSON.stringify(before[name]))
    if (changed.length > 0) logger.warn({ changed }, 'these settings count from the next start on')
    running.accessLog?.reopen()
    const options = await readGatewayOptions(configuration, running.verifier, running.accessLog?.log)
    checked(fileName, () => running.gateway.reload(options))
    logger.info({ routes: configuration.options.routes.length }, 'the configuration was read again')
  } catch (error) {
    logger.error(
      { reason: error instanceof Error ? error.message : String(error) },
      'the configuration stays as it was',
    )
  }
}

/** Mistakes in options are mistakes in the configuration, and named as they stand there. */
function checked<Made>(fileName: string, make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    if (error instanceof TypeError) throw new CommandFailure(`${fileName}: ${asSettings(error.message)}`)
    throw error
  }
}

/** `publicUrl must …` is `public_url must …` in a file. */
function asSettings(message: string): string {
  return message.replaceAll(/[a-z]+(?:[A-Z][a-z]+)+/g, (name) =>
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  )
}
