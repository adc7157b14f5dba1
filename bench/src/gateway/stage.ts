import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCounterfoil, type Counterfoil } from '../counterfoil.ts'
import { startNginx } from './nginx.ts'
import { INTERNAL_AUDIENCE, startGateway, type OwnSurroundings } from './ours.ts'
import { startPeer, type Pinned } from './pinned.ts'
import type { Party, Subject } from './subject.ts'

const VERIFIER_KEY = 'the-key-of-the-gateways-of-this-benchmark'

/** The names of what is compared. */
export const NAMES = {
  headers: 'ours, identity headers',
  token: 'ours, short token for the service',
  public: 'ours, public route',
  cookie: 'ours, session cookie, with the server',
  fastify: '@fastify/http-proxy',
  fastifyVerified: '@fastify/http-proxy, our verifier',
  httpProxy: 'http-proxy-3',
  nginx: 'nginx',
  nginxAsking: 'nginx auth_request, with the server',
  nginxCaching: 'nginx auth_request cached 5 s, with the server',
  none: 'no gateway',
} as const

/** All gateways in front of one service, and the server that signs in. */
export interface Stage {
  readonly subjects: readonly Subject[]
  /** What it takes to start another gateway of ours. */
  readonly surroundings: OwnSurroundings
  /** The access token of somebody who is signed in. */
  readonly token: string
  close(): Promise<void>
}

interface Open {
  readonly folder: string
  readonly issuer: Counterfoil
  readonly service: Pinned
  readonly closers: (() => Promise<void>)[]
}

/** Starts everything. */
export async function openStage(): Promise<Stage> {
  const closers: Open['closers'] = []
  const close = async (): Promise<void> => {
    for (const each of closers.toReversed()) await each()
  }
  try {
    const folder = mkdtempSync(join(tmpdir(), 'counterfoil-bench-gateway-'))
    closers.push(async () => rmSync(folder, { recursive: true }))
    const issuer = await startCounterfoil(['[[verifiers]]', 'name = "gateway"', `key = "${VERIFIER_KEY}"`])
    closers.push(() => issuer.stop())
    const service = await startPeer('load', 'gateway-upstream')
    closers.push(() => service.stop())
    return { ...(await fill({ folder, issuer, service, closers })), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function fill(open: Open): Promise<Omit<Stage, 'close'>> {
  const { folder, issuer, service } = open
  const token = (await issuer.signIn('hybrid'))['access_token'] ?? ''
  const surroundings = { folder, upstream: service.url, issuer: issuer.url, verifierKey: VERIFIER_KEY }
  const caller = { account: subjectOf(token), headers: { authorization: `Bearer ${token}` } }
  const subjects = [
    ...(await ours(open, surroundings, caller)),
    ...(await peers(open, caller)),
    ...(await nginx(open, caller)),
    { name: NAMES.none, url: `${service.url}/`, headers: caller.headers, parties: [], promises: {} },
  ]
  return { subjects, surroundings, token }
}

interface Caller {
  readonly account: string
  readonly headers: Readonly<Record<string, string>>
}

/** The account that a token is about. */
function subjectOf(token: string): string {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(payload) as { readonly sub: string }).sub
}

async function ours({ issuer, closers }: Open, surroundings: OwnSurroundings, caller: Caller): Promise<Subject[]> {
  const gateway = await startGateway(surroundings)
  closers.push(() => gateway.stop())
  const { account, headers } = caller
  const parties: Party[] = [gateway]
  const minted = { issuer: `${gateway.url}/.counterfoil`, audience: INTERNAL_AUDIENCE }
  const cookie = `__Host-session=${(await issuer.signIn('stateful'))['session_token'] ?? ''}`
  const withheld = { refusesNobody: true, account, credential: 'withheld' } as const
  const headersUrl = `${gateway.url}/headers`
  return [
    { name: NAMES.headers, url: headersUrl, headers, parties, promises: withheld },
    {
      name: NAMES.token,
      url: `${gateway.url}/token`,
      headers,
      parties,
      promises: { refusesNobody: true, account, credential: minted },
    },
    { name: NAMES.public, url: `${gateway.url}/public`, headers, parties, promises: {} },
    { name: NAMES.cookie, url: headersUrl, headers: { cookie }, parties: [gateway, issuer], promises: withheld },
  ]
}

async function peers({ issuer, service, closers }: Open, { account, headers }: Caller): Promise<Subject[]> {
  const start = async (file: string, ...args: readonly string[]): Promise<Pinned> => {
    const peer = await startPeer('measured', file, service.url, ...args)
    closers.push(() => peer.stop())
    return peer
  }
  const fastify = await start('gateway-fastify')
  const verified = await start('gateway-fastify', issuer.url, VERIFIER_KEY)
  const proxy = await start('gateway-http-proxy')
  const passing = { headers, promises: { credential: 'passed on' } } as const
  return [
    { ...passing, name: NAMES.fastify, url: `${fastify.url}/orders`, parties: [fastify] },
    {
      name: NAMES.fastifyVerified,
      url: `${verified.url}/orders`,
      headers,
      parties: [verified],
      promises: { refusesNobody: true, account, credential: 'withheld' },
    },
    { ...passing, name: NAMES.httpProxy, url: `${proxy.url}/orders`, parties: [proxy] },
  ]
}

async function nginx({ folder, issuer, service, closers }: Open, { account, headers }: Caller): Promise<Subject[]> {
  const upstream = new URL(service.url).host
  const balancer = await startNginx({ folder, upstream, issuer: `127.0.0.1:${new URL(issuer.url).port}` })
  closers.push(() => balancer.stop('SIGTERM'))
  const promises = { refusesNobody: true, account, credential: 'withheld' } as const
  const asking = { headers, parties: [balancer, issuer], promises }
  return [
    {
      name: NAMES.nginx,
      url: `${balancer.url}/plain`,
      headers,
      parties: [balancer],
      promises: { credential: 'passed on' },
    },
    { ...asking, name: NAMES.nginxAsking, url: `${balancer.url}/asked` },
    { ...asking, name: NAMES.nginxCaching, url: `${balancer.url}/cached` },
  ]
}
