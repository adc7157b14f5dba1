import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { findFreePorts, makeScratchFolder, ServerProcess } from '@counterfoil/testbed'
import { onTestFinished } from 'vitest'

const COMMAND = new URL('../bin/counterfoil.js', import.meta.url).pathname

/** What hashing costs at least, and limits that no test meets unless it means to. */
const QUICK = { COUNTERFOIL_POLICY_PASSWORD_MEMORY_KIB: '7168', COUNTERFOIL_POLICY_PASSWORD_PASSES: '1' }

export const SECRET = 'a-secret-of-thirty-two-characters'
export const PASSWORD = 'four pelicans at noon'

type Environment = Readonly<Record<string, string>>

/** A folder that is removed when the test is over. */
export function makeFolder(): string {
  const folder = makeScratchFolder('command')
  onTestFinished(() => folder.remove())
  return folder.path
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  cwd: string,
  environment: Environment,
  input = '',
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const { PATH = '', HOME = cwd } = process.env
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd, env: { PATH, HOME, ...QUICK, ...environment } })
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => (written[stream] += text))
  child.stdin.end(input)
  await once(child, 'close', { signal: AbortSignal.timeout(20_000) })
  return { code: child.exitCode, ...written }
}

/** A line of the log. */
export interface LogLine {
  readonly msg: string
  readonly worker?: number
  readonly route?: string
  readonly status?: number
  readonly pid?: number
}

/** A server that runs. */
export interface Serving {
  readonly url: string
  readonly process: ServerProcess
  /** The whole lines of its log, as far as they are kept. */
  log(): LogLine[]
}

/** Starts a server on a free port; it is gone when the test is over. */
export async function serve(cwd: string, environment: Environment): Promise<Serving> {
  const [free] = await findFreePorts(1)
  const listen = environment['COUNTERFOIL_LISTEN'] ?? `127.0.0.1:${free}`
  const server = new ServerProcess({
    command: process.execPath,
    args: [COMMAND, 'serve'],
    cwd,
    env: { ...QUICK, ...environment, COUNTERFOIL_LISTEN: listen },
    orphanSignal: 'SIGTERM',
  })
  onTestFinished(() => server.stop('SIGINT'))
  await server.ready(() => server.output.includes('Counterfoil is ready'))
  const log = (): LogLine[] =>
    server.output.split('\n').flatMap((line) => (/^\{.*\}$/.test(line) ? [JSON.parse(line) as LogLine] : []))
  return { url: `http://${listen}`, process: server, log }
}

/** An answer. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Sends one request on a connection of its own. */
export function send(
  url: string,
  message: { readonly method?: string; readonly bearer?: string; readonly json?: unknown } = {},
): Promise<Answer> {
  const { bearer, json, method = json === undefined ? 'GET' : 'POST' } = message
  const headers = {
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(json !== undefined && { 'content-type': 'application/json' }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: new Agent({ keepAlive: false }) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.once('end', () => {
        const body = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {}
        resolve({ status: response.statusCode ?? 0, body })
      })
    })
    sent.once('error', reject)
    sent.end(json === undefined ? undefined : JSON.stringify(json))
  })
}
