import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { existsSync } from 'node:fs'
import { createClient } from '@redis/client'
import { findFreePort } from './ports.ts'

/** A Redis of this run's own. */
export interface OwnRedis {
  readonly url: string
  stop(): Promise<void>
}

/** Starts `redis-server` on a free port with an empty folder; undefined when it is not on PATH. */
export async function startRedis(): Promise<OwnRedis | undefined> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'redis-server')))
  if (!onPath) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-bench-redis-'))
  const port = await findFreePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes']
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  const client = createClient({ url, socket: { reconnectStrategy: 25 } })
  client.on('error', () => undefined)
  await client.connect()
  await client.ping()
  client.destroy()
  return {
    url,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true })
    },
  }
}
