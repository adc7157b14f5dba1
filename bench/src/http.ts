import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres, type PostgresServer } from '@counterfoil/testbed'
import autocannon from 'autocannon'
import { startChild, type Child } from './child.ts'
import { startCounterfoil, type Counterfoil } from './counterfoil.ts'
import { median, type Finding, type SuiteResult } from './finding.ts'
import { findFreePort } from './ports.ts'
import { startRedis } from './redis.ts'

const CONNECTIONS = 16

const OVER_REDIS = 'ours, stateful, PostgreSQL + Redis'

/** Sessions that refresh at once. */
const REFRESHERS = 64

/** A server, and a way to keep it busy for a while; answers how many requests it served. */
export interface Subject {
  readonly name: string
  readonly child: Child
  load(forMs: number): Promise<number>
}

function server(file: string): string {
  return join(import.meta.dirname, 'servers', `${file}.js`)
}

/** GETs of one address with these headers. Any answer but 2xx fails the run: an error is not a fast success. */
export function getting(url: string, headers: Readonly<Record<string, string>>): Subject['load'] {
  return async (forMs) => {
    const { requests, non2xx, errors } = await autocannon({
      url,
      connections: CONNECTIONS,
      duration: Math.max(1, forMs / 1000),
      headers,
    })
    if (non2xx + errors > 0) throw new Error(`${url}: ${non2xx} answers other than 2xx, ${errors} errors`)
    return requests.total
  }
}

/** Rotating refreshes: each caller has a session of its own, and sends what it got last. */
export function refreshing(url: string, clientId: string, tokens: string[]): Subject['load'] {
  const agent = new Agent({ keepAlive: true, maxSockets: tokens.length })
  return async (forMs) => {
    const began = performance.now()
    let done = 0
    const caller = async (_: string, at: number): Promise<void> => {
      while (performance.now() - began < forMs) {
        const form = { grant_type: 'refresh_token', refresh_token: tokens[at] ?? '', client_id: clientId }
        const answer = await postForm(url, agent, new URLSearchParams(form).toString())
        const next = answer['refresh_token']
        if (next === undefined) throw new Error(`${url}: ${JSON.stringify(answer)}`)
        tokens[at] = next
        done++
      }
    }
    await Promise.all(tokens.map(caller))
    return done
  }
}

/** Posts a form over a connection that is kept. Lighter than `fetch`, so that the server and not the load is what waits. */
function postForm(url: string, agent: Agent, body: string): Promise<Readonly<Record<string, string>>> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(JSON.parse(text) as Readonly<Record<string, string>>))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** CPU microseconds of the server per request, in interleaved rounds; the middle of them. The first round warms up. */
async function measure(subjects: readonly Subject[], forMs: number, rounds: number): Promise<Map<string, number>> {
  const costs = new Map<string, number[]>()
  for (let round = 0; round <= rounds; round++) {
    for (const subject of subjects) {
      const { name, child } = subject
      const before = child.cpuMicros()
      const served = await subject.load(forMs)
      const cost = (child.cpuMicros() - before) / served
      if (round > 0) costs.set(name, [...(costs.get(name) ?? []), cost])
    }
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  return new Map([...costs].map(([name, all]) => [name, median(all)]))
}

async function cookieOf(url: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: new URL(url).origin }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

async function betterAuth(folder: string): Promise<Subject> {
  const child = await startChild([server('better-auth'), folder, String(await findFreePort())])
  const account = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' }
  const cookie = await cookieOf(`${child.url}/api/auth/sign-up/email`, account)
  return { name: 'better-auth get-session', child, load: getting(`${child.url}/api/auth/get-session`, { cookie }) }
}

async function expressSession(redisUrl: string): Promise<Subject> {
  const child = await startChild([server('express-session'), redisUrl])
  const cookie = await cookieOf(`${child.url}/sign-in`, {})
  return { name: 'express-session + connect-redis', child, load: getting(child.url, { cookie }) }
}

async function fastifySession(redisUrl: string): Promise<Subject> {
  const child = await startChild([server('fastify-session'), redisUrl])
  const cookie = await cookieOf(`${child.url}/sign-in`, {})
  return { name: '@fastify/session + Redis', child, load: getting(child.url, { cookie }) }
}

async function betterAuthRedis(folder: string, redisUrl: string): Promise<Subject> {
  const child = await startChild([server('better-auth-redis'), folder, String(await findFreePort()), redisUrl])
  const account = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' }
  const cookie = await cookieOf(`${child.url}/api/auth/sign-up/email`, account)
  const load = getting(`${child.url}/api/auth/get-session`, { cookie })
  return { name: 'better-auth get-session, Redis', child, load }
}

/** A node of ours over PostgreSQL and Redis, as one of many would be. */
async function oursOverRedis(postgres: PostgresServer, redisUrl: string): Promise<Subject> {
  const counterfoil = await startCounterfoil([
    `database = "${postgres.url()}"`,
    `session_store = "${redisUrl}"`,
    'secret = "a secret of the benchmark, long enough"',
  ])
  const token = (await counterfoil.signIn('stateful'))['session_token'] ?? ''
  const load = getting(`${counterfoil.url}/sessions/current`, { authorization: `Bearer ${token}` })
  return { name: OVER_REDIS, child: counterfoil, load }
}

async function oidcProvider(): Promise<Subject> {
  const child = await startChild([server('oidc-provider'), String(await findFreePort())])
  const tokens: string[] = []
  for (let at = 0; at < CONNECTIONS; at++)
    tokens.push(await (await fetch(`${child.url}/mint`, { method: 'POST' })).text())
  return { name: 'oidc-provider refresh', child, load: refreshing(`${child.url}/token`, 'bench', tokens) }
}

async function plain(kind: string, issuer: string, token: string): Promise<Subject> {
  const child = await startChild([server('plain'), kind, issuer])
  return { name: kind, child, load: getting(child.url, { authorization: `Bearer ${token}` }) }
}

async function ours(
  counterfoil: Counterfoil,
): Promise<{ stateful: Subject; hybrid: Subject; refresh: Subject; token: string }> {
  const stateful = (await counterfoil.signIn('stateful'))['session_token'] ?? ''
  const signedIn: Readonly<Record<string, string>>[] = []
  for (let at = 0; at < REFRESHERS; at++) signedIn.push(await counterfoil.signIn('hybrid'))
  const token = signedIn[0]?.['access_token'] ?? ''
  const tokens = signedIn.map((answer) => answer['refresh_token'] ?? '')
  const check = (bearer: string): Subject['load'] =>
    getting(`${counterfoil.url}/sessions/current`, { authorization: `Bearer ${bearer}` })
  return {
    token,
    stateful: { name: 'ours, stateful', child: counterfoil, load: check(stateful) },
    hybrid: { name: 'ours, access token', child: counterfoil, load: check(token) },
    refresh: {
      name: 'ours, refresh',
      child: counterfoil,
      load: refreshing(`${counterfoil.url}/oauth/token`, 'hybrid', tokens),
    },
  }
}

/** What requests cost the server, beside its peers and beside services without any of it. */
export async function benchHttp(quick: boolean): Promise<SuiteResult> {
  const [forMs, rounds] = quick ? [1000, 1] : [4000, 5]
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-bench-'))
  const children: Child[] = []
  const keep = (subject: Subject): Subject => {
    children.push(subject.child)
    return subject
  }
  const redis = await startRedis()
  const postgres = await startPostgres()
  try {
    const counterfoil = await startCounterfoil()
    children.push(counterfoil)
    const { stateful, hybrid, refresh, token } = await ours(counterfoil)
    const sessions = [stateful, hybrid, keep(await betterAuth(folder))]
    if (redis !== undefined) {
      sessions.push(
        keep(await expressSession(redis.url)),
        keep(await fastifySession(redis.url)),
        keep(await betterAuthRedis(folder, redis.url)),
        keep(await oursOverRedis(postgres, redis.url)),
      )
    }
    const refreshes = [refresh, keep(await oidcProvider())]
    const services: Subject[] = []
    for (const kind of ['http', 'http-verified', 'fastify', 'fastify-jose'])
      services.push(keep(await plain(kind, counterfoil.url, token)))
    const costs = new Map([
      ...(await measure(sessions, forMs, rounds)),
      ...(await measure(refreshes, forMs, rounds)),
      ...(await measure(services, forMs, rounds)),
    ])
    return { title: 'HTTP, CPU per request', findings: findingsOf(costs), remarks: remarksOf(redis !== undefined) }
  } finally {
    await Promise.all(children.map((child) => child.stop()))
    await redis?.stop()
    await postgres.close()
    rmSync(folder, { recursive: true })
  }
}

function findingsOf(costs: ReadonlyMap<string, number>): Finding[] {
  const compare = (own: string, peer: string, target: number | undefined): Finding[] => {
    const [mine, theirs] = [costs.get(own), costs.get(peer)]
    if (mine === undefined || theirs === undefined) return []
    return [{ what: own, unit: 'µs', ours: mine, peer, theirs, target, lowerIsBetter: true }]
  }
  return [
    ...compare('ours, stateful', 'express-session + connect-redis', 4),
    ...compare(OVER_REDIS, 'express-session + connect-redis', 4),
    ...compare(OVER_REDIS, '@fastify/session + Redis', undefined),
    ...compare(OVER_REDIS, 'better-auth get-session, Redis', 25),
    ...compare('ours, stateful', 'better-auth get-session', 25),
    ...compare('ours, access token', 'better-auth get-session', undefined),
    ...compare('ours, refresh', 'oidc-provider refresh', 6),
    // "At most 1.15 times the cost of the same without" is a ratio of at least 1/1.15.
    ...compare('http-verified', 'http', 0.87),
    ...compare('http-verified', 'fastify-jose', undefined),
    ...compare('ours, stateful', 'fastify', undefined),
  ]
}

function remarksOf(withRedis: boolean): string[] {
  return [
    `User and system time of the server process per request; ${CONNECTIONS} connections, ${REFRESHERS} for refreshes; server pinned to one processor.`,
    'http-verified is node:http with the verifier: it follows the log (1,000 records), rejects when it cannot tell, and sees the same token again and again.',
    'Ours is `counterfoil serve` in the embedded profile (SQLite, synchronous=FULL, logging at warn). oidc-provider keeps everything in memory; better-auth is on SQLite with its defaults, its limit on requests off.',
    ...(withRedis ? [] : ['**express-session + connect-redis was left out: redis-server is not on PATH.**']),
  ]
}
