import { SESSION_COOKIE } from '@counterfoil/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFolder, until } from '../harness.ts'
import { ask, type Answered } from './ask.ts'
import { GatewayProcess, routeText } from './gateway-process.ts'
import { Issuer, LEASE_MS } from './issuer.ts'
import { Service } from './service.ts'

/** A lease, and by how much a clock may run too slow. */
const BOUND_MS = LEASE_MS * 1.001

const folder = makeFolder()
let issuer: Issuer
let service: Service
let gateway: GatewayProcess
let callers: Readonly<Record<'bearer' | 'cookie', Readonly<Record<string, string>>>>

beforeAll(async () => {
  service = await Service.start((_, response) => response.end('served'))
  issuer = await Issuer.start(folder.path)
  const tables = [
    routeText('/asking', [service.url]),
    routeText('/strict', [service.url], 'on_stale = "reject"'),
    routeText('/lenient', [service.url], 'on_stale = "accept"'),
    routeText('/public', [service.url], 'access = "public"'),
  ].join('\n')
  gateway = await GatewayProcess.start({ folder: folder.path, issuer: issuer.url, tables })
  const { bearer } = await issuer.signIn('stateful')
  callers = {
    bearer: { authorization: issuer.authorization },
    cookie: { cookie: `${SESSION_COOKIE}=${bearer}` },
  }
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const call = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> =>
  ask(gateway.url + path, { headers })

/** When it was sent, and what came back. */
interface Tried {
  readonly sentAt: number
  readonly answer: Answered
}

/** Calls until the answer is another one than 200; all that came. */
async function callWhileServed(path: string, headers: Readonly<Record<string, string>>): Promise<readonly Tried[]> {
  const tried: Tried[] = []
  await until(async () => {
    const sentAt = performance.now()
    const answer = await call(path, headers)
    tried.push({ sentAt, answer })
    return answer.status === 200 ? undefined : answer
  })
  return tried
}

const outages = [
  {
    what: 'killed',
    begin: () => issuer.server.stop('SIGKILL'),
    end: async () => void (issuer = await issuer.startAgain(folder.path)),
  },
  {
    what: 'stopped',
    begin: () => Promise.resolve(issuer.server.process.kill('SIGSTOP')),
    end: () => Promise.resolve(void issuer.server.process.kill('SIGCONT')),
  },
]

describe.each(outages)('an issuer that is $what', ({ begin, end }) => {
  test('leaves everybody served for the rest of the lease, then 503, and served again when it is back', async () => {
    const asked = (['bearer', 'cookie'] as const).flatMap((caller) =>
      ['/asking', '/strict'].map((path) => ({ path, headers: callers[caller] })),
    )
    for (const { path, headers } of asked) expect(await call(path, headers)).toMatchObject({ status: 200 })
    expect(await gateway.readiness()).toBe(200)
    await begin()
    const begunAt = performance.now()
    await Promise.all(
      asked.map(async ({ path, headers }) => {
        const tried = await callWhileServed(path, headers)
        expect(tried.length).toBeGreaterThan(1)
        for (const { sentAt } of tried.slice(0, -1)) expect(sentAt - begunAt).toBeLessThanOrEqual(BOUND_MS)
        const last = tried.at(-1)?.answer
        expect(last?.status).toBe(503)
        expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0)
        expect(last?.headers['set-cookie']).toBeUndefined()
      }),
    )
    expect(await gateway.readiness()).toBe(503)
    expect(await call('/lenient', callers.bearer)).toMatchObject({ status: 200, text: 'served' })
    expect(await call('/public')).toMatchObject({ status: 200, text: 'served' })
    expect(await call('/strict')).toMatchObject({ status: 401 })
    await end()
    await until(async () => ((await gateway.readiness()) === 200 ? true : undefined))
    for (const { path, headers } of asked) {
      const answers: number[] = []
      await until(async () => {
        const { status } = await call(path, headers)
        answers.push(status)
        return status === 200 ? true : undefined
      })
      expect(answers).not.toContain(401)
    }
  })
})
