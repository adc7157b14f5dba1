import { existsSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FORGETFUL, ServerProcess, startPostgres } from '@counterfoil/testbed'
import { expect, it } from 'vitest'
import { freePort, makeFolder, QUICK, startServer, until, type RunningServer } from './harness.ts'

const HAPROXY = '/usr/sbin/haproxy'
const USERS = 8
const PASSWORD = 'nine herons over the bay'

const canRun = existsSync(HAPROXY) || process.env['CI'] === 'true'
if (!canRun) console.warn('SKIPPED: a rolling restart is not tested here: there is no HAProxy (Debian: haproxy)')

/** Each request to the next node that says it is ready, and nothing is sent twice. */
function describeBalancer(port: number, nodes: readonly number[]): string {
  const servers = nodes.map((node) => `  server n${node} 127.0.0.1:${node} check inter 100ms fall 1 rise 1`)
  return `global
  maxconn 500
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout check 5s
  retries 0
frontend in
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  balance roundrobin
  option httpchk GET /readyz
${servers.join('\n')}
`
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** One try, and whatever goes wrong is an error. */
function send(agent: Agent, url: string, method: string, more: { token?: string; form?: string; json?: object } = {}) {
  const { token, form, json } = more
  const body = form ?? (json && JSON.stringify(json)) ?? ''
  const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded'
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== '' && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
  }
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = request(url, { agent, method, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (part: string) => (text += part))
      incoming.on('error', reject).on('end', () => {
        const body = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : { text }
        resolve({ status: incoming.statusCode ?? 0, body })
      })
    })
    outgoing.on('error', reject).end(body)
  })
}

/** Signs in, and then checks and refreshes until told to stop; what was not answered as it should be. */
async function work(url: string, email: string, stop: AbortSignal): Promise<{ done: number; failed: string[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const failed: string[] = []
  let done = 0
  const expectStatus = async (status: number, sent: Promise<Answer>, what: string): Promise<Answer['body']> => {
    const answer = await sent.catch((error: unknown) => ({ status: String(error), body: {} }))
    if (answer.status === status) done++
    else failed.push(`${what}: ${answer.status}`)
    return answer.body
  }
  const signIn = { json: { client_id: 'hybrid', email, password: PASSWORD } }
  let held = await expectStatus(201, send(agent, `${url}/sessions`, 'POST', signIn), 'sign-in')
  while (!stop.aborted && failed.length === 0) {
    const token = String(held['access_token'])
    await expectStatus(200, send(agent, `${url}/sessions/current`, 'GET', { token }), 'check')
    const form = `grant_type=refresh_token&client_id=hybrid&refresh_token=${String(held['refresh_token'])}`
    held = await expectStatus(200, send(agent, `${url}/oauth/token`, 'POST', { form }), 'refresh')
  }
  agent.destroy()
  return { done, failed }
}

it.skipIf(!canRun)(
  'a rolling restart behind a balancer that asks whether nodes are ready drops no request, sent once each',
  async () => {
    using folder = makeFolder()
    const postgres = await startPostgres({ settings: FORGETFUL })
    const [port, ...ports] = await Promise.all([freePort(), freePort(), freePort()])
    const url = `http://127.0.0.1:${port}`
    const environment = {
      ...QUICK,
      COUNTERFOIL_ISSUER: `http://localhost:${port}`,
      COUNTERFOIL_DATABASE: postgres.url(),
      COUNTERFOIL_SECRET: 'a secret of this test, long enough to be one',
      COUNTERFOIL_DRAIN_SECONDS: '2',
      COUNTERFOIL_TRUSTED_PROXIES: '127.0.0.1',
    }
    const start = (node: number): Promise<RunningServer> =>
      startServer({ folder: folder.path, environment: { ...environment, COUNTERFOIL_LISTEN: `127.0.0.1:${node}` } })
    const nodes = await Promise.all(ports.map(start))
    const file = join(folder.path, 'haproxy.cfg')
    writeFileSync(file, describeBalancer(port, ports))
    const balancer = new ServerProcess({ command: HAPROXY, args: ['-db', '-f', file] })
    const isUp = (path: string): Promise<boolean> =>
      fetch(`${path}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    await balancer.ready(() => isUp(url))
    const emails = Array.from({ length: USERS }, (_, at) => `user-${at}@example.com`)
    const agent = new Agent()
    for (const email of emails) {
      const { status } = await send(agent, `${url}/accounts`, 'POST', { json: { email, password: PASSWORD } })
      expect(status).toBe(201)
    }

    const stop = new AbortController()
    const working = Promise.all(emails.map((email) => work(url, email, stop.signal)))
    for (const [at, node] of nodes.entries()) {
      expect(await node.stop()).toBe(0)
      nodes[at] = await start(node.port)
      // As an operator does: the next one when the balancer has this one back.
      await until(async () => ((await isUp(`http://127.0.0.1:${node.port}`)) ? true : undefined))
      await sleep(500)
    }
    stop.abort()
    const outcomes = await working
    expect(outcomes.flatMap(({ failed }) => failed)).toEqual([])
    expect(outcomes.reduce((sum, { done }) => sum + done, 0)).toBeGreaterThan(USERS * 10)

    await balancer.stop('SIGTERM')
    await Promise.all(nodes.map((node) => node.stop('SIGINT')))
    await postgres.close()
  },
  120_000,
)
