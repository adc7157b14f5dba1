import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, type Child } from './child.ts'
import { findFreePort } from './ports.ts'

const COMMAND = join(import.meta.dirname, '../../apps/counterfoil/bin/counterfoil.js')
const PASSWORD = 'correct horse battery'

/** The server as users start it, in the embedded profile, with limits on attempts that a benchmark does not meet. */
export interface Counterfoil extends Child {
  /** Signs in, with an account that is made when it is first needed. */
  signIn(applicationId: string): Promise<Readonly<Record<string, string>>>
}

/** Posts JSON, and answers JSON. */
async function post(url: string, body: object): Promise<Readonly<Record<string, string>>> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  return (await response.json()) as Readonly<Record<string, string>>
}

/** Starts it in an empty folder. `stores` are lines of its configuration; SQLite unless given. On the first processor unless it may have them all. */
export async function startCounterfoil(
  stores: readonly string[] = [],
  options: { readonly isPinned?: boolean } = {},
): Promise<Counterfoil> {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-bench-'))
  const port = await findFreePort()
  const config = join(folder, 'counterfoil.toml')
  const limits = ['per_source', 'per_address', 'per_account'].map((what) => `sign_in_attempts_${what} = 10000`)
  const settings = [
    `listen = "127.0.0.1:${port}"`,
    `data_dir = "${join(folder, 'data')}"`,
    'log_level = "warn"',
    ...stores,
    '[policy]',
    // Longer than any run: what expires is no measure of anything.
    'access_token_seconds = 3600',
    ...limits,
  ]
  writeFileSync(config, settings.join('\n'))
  const url = `http://localhost:${port}`
  const child = await startChild([COMMAND, 'serve', '--config', config], { url: `${url}/healthz`, ...options })
  const email = 'ada@example.com'
  await post(`${url}/accounts`, { email, password: PASSWORD })
  return {
    ...child,
    url,
    signIn: (applicationId) => post(`${url}/sessions`, { client_id: applicationId, email, password: PASSWORD }),
    stop: async () => {
      await child.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
