import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../ports.ts'
import { startPinned, urlIfUp, type Pinned } from './pinned.ts'

const COMMAND = join(import.meta.dirname, '../../../apps/counterfoil/bin/counterfoil.js')

/** Whom short tokens are for. */
export const INTERNAL_AUDIENCE = 'https://orders.internal'

/** What our gateway is in front of. */
export interface OwnSurroundings {
  readonly folder: string
  /** The URL of the service. */
  readonly upstream: string
  readonly issuer: string
  readonly verifierKey: string
  /** Where a profile of its processor time is written when it ends; none unless given. */
  readonly profileFolder?: string | undefined
}

/** `/headers` tells the service who calls, `/token` by a token for it alone, and `/public` lets everybody in. */
function describe(port: number, { folder, upstream, issuer, verifierKey }: OwnSurroundings): string {
  const route = (name: string, ...more: readonly string[]): string =>
    ['[[routes]]', `name = "${name}"`, `path = "/${name}"`, `upstreams = ["${upstream}"]`, ...more].join('\n')
  return [
    `issuer = "${issuer}"`,
    `listen = "127.0.0.1:${port}"`,
    `verifier_key = "${verifierKey}"`,
    'access_log = "off"',
    'log_level = "warn"',
    '[upstream_tokens]',
    `key_files = ["${join(folder, 'gateway-key.pem')}"]`,
    route('headers', 'identity = "headers"'),
    route('token', 'identity = "upstream_token"', `upstream_audience = "${INTERNAL_AUDIENCE}"`),
    route('public', 'access = "public"'),
  ].join('\n')
}

/** Starts `counterfoil gateway` as users do. */
export async function startGateway(surroundings: OwnSurroundings): Promise<Pinned> {
  const port = await findFreePort()
  const file = join(surroundings.folder, 'gateway.toml')
  writeFileSync(file, describe(port, surroundings))
  const { profileFolder } = surroundings
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
  return startPinned({
    on: 'measured',
    command: process.execPath,
    args: [...profiling, COMMAND, 'gateway', '--config', file],
    whenUp: () => urlIfUp(`http://localhost:${port}`),
  })
}
