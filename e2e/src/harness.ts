import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The command, as it is built. */
export const COMMAND = fileURLToPath(new URL('../../apps/counterfoil/bin/counterfoil.js', import.meta.url))

/** Longer than any start or stop takes on a busy machine; a test that waits for it fails. */
const PATIENCE_MS = 20_000

/** What hashing costs at least, so that a test can sign up many accounts; and no limit that a busy test would meet. */
export const QUICK = {
  COUNTERFOIL_POLICY_PASSWORD_MEMORY_KIB: '7168',
  COUNTERFOIL_POLICY_PASSWORD_PASSES: '1',
  COUNTERFOIL_POLICY_PASSWORD_QUEUE_LENGTH: '10000',
  COUNTERFOIL_POLICY_SIGN_UPS_PER_ADDRESS: '1000000',
  COUNTERFOIL_POLICY_SIGN_IN_ATTEMPTS_PER_ADDRESS: '1000000',
}

/** How a command is run. */
export interface Surroundings {
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
}

/** What a command that has ended left behind. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A server in a process of its own. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  readonly process: ChildProcess
  /** Everything that it has written so far. */
  output(): string
  /** Resolves with what was written when the text has appeared in it. */
  seen(text: string): Promise<string>
  /** Sends the signal, and resolves with the exit code when the process is gone; null when the signal killed it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** A folder that is there until the test is over. */
export function makeFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'counterfoil-e2e-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

function spawnCommand(args: readonly string[], { folder, environment }: Surroundings): ChildProcess {
  // Nothing of the caller's environment but what a process needs to run at all.
  const { PATH = '', HOME = folder } = process.env
  return spawn(process.execPath, [COMMAND, ...args], { cwd: folder, env: { PATH, HOME, ...environment } })
}

/** Collects what a process writes. */
function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  let text = ''
  child[stream]?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return () => text
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) })
  }
  return child.exitCode
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<Ended> {
  const child = spawnCommand(args, surroundings)
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')]
  child.stdin?.end(surroundings.input ?? '')
  await once(child, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) })
  return { code: child.exitCode, stdout: stdout(), stderr: stderr() }
}

/** Starts a server on a free port, and resolves when it answers. */
export async function startServer(surroundings: Surroundings, args: readonly string[] = []): Promise<RunningServer> {
  const port = Number(surroundings.environment?.['COUNTERFOIL_LISTEN']?.split(':').at(-1) ?? (await freePort()))
  const environment = { COUNTERFOIL_LISTEN: `127.0.0.1:${port}`, ...surroundings.environment }
  const child = spawnCommand(['serve', ...args], { ...surroundings, environment })
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')]
  const output = (): string => stdout() + stderr()
  const server: RunningServer = {
    url: `http://localhost:${port}`,
    port,
    process: child,
    output,
    seen: (text) => waitFor(child, output, text),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended(child)
    },
  }
  await server.seen('Counterfoil is ready')
  return server
}

function waitFor(child: ChildProcess, output: () => string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      child.stdout?.off('data', look)
      child.stderr?.off('data', look)
      child.off('close', fail)
    }
    const fail = (): void => {
      settle()
      reject(new Error(`the server did not write "${text}", but: ${output()}`))
    }
    const look = (): void => {
      if (!output().includes(text)) return
      settle()
      resolve(output())
    }
    const timer = setTimeout(fail, PATIENCE_MS)
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('close', fail)
    look()
  })
}

/** Asks again and again until the answer is there. */
export async function until<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error('what was waited for did not come')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
