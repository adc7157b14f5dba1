import { readFileSync } from 'node:fs'
import { createVerifier, type Verifier } from '@counterfoil/verifier'
import {
  generateGatewayKey,
  readGatewayKeys,
  showEntry,
  type AccessLog,
  type GatewayKeys,
  type GatewayOptions,
  type RouteOptions,
} from '@counterfoil/gateway'
import { destination } from 'pino'
import { CommandFailure } from '../failure.ts'
import { makePrivateFile, readPrivateFile } from '../installation/private-file.ts'
import { systemCode } from '../system-code.ts'
import type { GatewayConfiguration } from './configuration.ts'

/** The verifier of a gateway. */
export function makeVerifier(configuration: GatewayConfiguration): Verifier {
  const { issuer, issuerAddress, audience, verifierKey, onStale, publicUrl, options } = configuration
  return createVerifier({
    issuer,
    issuerAddress,
    audience,
    feed: verifierKey === undefined ? false : { key: verifierKey },
    onStale,
    proofs: { origin: originsOf(publicUrl, options.routes) },
  })
}

/** Where clients reach the gateway, which is what proofs of possession are made for. */
function originsOf(publicUrl: string, routes: readonly RouteOptions[]): string[] {
  const { origin, protocol, port } = new URL(publicUrl)
  // Of a wildcard nobody knows which names there are.
  const hosts = routes.flatMap(({ hosts = [] }) => hosts).filter((host) => !host.startsWith('*'))
  return [...new Set([origin, ...hosts.map((host) => `${protocol}//${host}${port === '' ? '' : `:${port}`}`)])]
}

/** What a gateway is made of, besides its verifier: keys and certificates are read anew each time. @throws {CommandFailure} */
export async function readGatewayOptions(
  configuration: GatewayConfiguration,
  verifier: Verifier,
  accessLog: AccessLog | undefined,
): Promise<GatewayOptions> {
  const { publicUrl, options, tls, upstreamTokenSeconds } = configuration
  return {
    ...options,
    verifier,
    publicUrl,
    accessLog,
    keys: await readKeys(configuration),
    upstreamTokenSeconds,
    tls: tls && { cert: readText(tls.certificate, 'tls.certificate'), key: readText(tls.key, 'tls.key') },
  }
}

async function readKeys({ keyFiles }: GatewayConfiguration): Promise<GatewayKeys | undefined> {
  if (keyFiles === undefined) return undefined
  try {
    return await readGatewayKeys(keyFiles.map(readOrMakeKey))
  } catch (error) {
    if (error instanceof TypeError) throw new CommandFailure(`upstream_tokens.key_files: ${error.message}`)
    throw error
  }
}

function readOrMakeKey(path: string, at: number): string {
  const there = readPrivateFile(path)
  if (there !== undefined) return there
  if (at > 0) throw new CommandFailure(`upstream_tokens.key_files: there is no file ${path}: leave it out`)
  makePrivateFile(path, generateGatewayKey())
  const made = readPrivateFile(path)
  if (made === undefined) throw new CommandFailure(`${path} was taken away while it was made`)
  return made
}

function readText(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandFailure(`${setting}: ${path} cannot be read (${systemCode(error) ?? 'no reason given'})`)
  }
}

/** Where lines of the access log go, and how to begin a new file where the old one was moved away. */
export interface OpenAccessLog {
  readonly log: AccessLog
  reopen(): void
  flush(): void
}

/** Opens the access log: JSON lines. Undefined where there is to be none. */
export function openAccessLog({ accessLog }: GatewayConfiguration): OpenAccessLog | undefined {
  if (accessLog === undefined) return undefined
  const file = accessLog === '-' ? destination({ fd: 1, sync: false }) : destination({ dest: accessLog, sync: false })
  // Whoever reads it may go away, and a disk may be full; that is no reason to stop serving.
  file.on('error', () => undefined)
  return {
    log: (entry) => void file.write(`${JSON.stringify({ time: Date.now(), msg: 'request', ...showEntry(entry) })}\n`),
    reopen: () => (accessLog === '-' ? undefined : file.reopen()),
    flush: () => {
      try {
        file.flushSync()
      } catch {
        // Nothing to be done: the log itself cannot be written.
      }
    },
  }
}
