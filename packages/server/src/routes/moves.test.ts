import { STRATEGIES, type SessionId, type Strategy } from '@counterfoil/protocol'
import { describe, expect, it } from 'vitest'
import { Browser } from '../pages/pages.fixture.ts'
import {
  APP_ORIGIN,
  application,
  breakable,
  heldBy,
  openServer,
  present,
  refresh,
  signIn,
  VERIFIER,
  type Answer,
  type Call,
  type TestServer,
} from '../server.fixture.ts'

const shop = (strategy: Strategy, transport: 'body' | 'cookie') =>
  application(strategy, { id: 'shop', transport, origins: [APP_ORIGIN] })

/** A server where the shop has this strategy. */
const open = (strategy: Strategy, transport: 'body' | 'cookie' = 'body'): Promise<TestServer> =>
  openServer({ applications: [shop(strategy, transport)] })

/** The same installation after a restart, where the shop has another strategy. */
async function reopen(
  test: TestServer,
  strategy: Strategy,
  transport: 'body' | 'cookie' = 'body',
): Promise<TestServer> {
  await test.server.close()
  const { clock, stores } = test
  const state = { broken: false, asked: 0 }
  const database = breakable(stores.database, state)
  const sessions = breakable(stores.sessions, state)
  const log = breakable(stores.log, state)
  const opened = await openServer({ database, sessions, log, clock, applications: [shop(strategy, transport)] })
  return { ...opened, stores, clock, breakStores: (broken) => void (state.broken = broken) }
}

const whoAmI = (test: TestServer, call: Partial<Call>): Promise<Answer> =>
  test.call({ path: '/sessions/current', ...call })

const byCookie = ({ call }: TestServer, cookie: string, more: Partial<Call> = {}): Promise<Answer> =>
  call({ path: '/oauth/token', form: { grant_type: 'refresh_token' }, cookie, from: 'same-origin', ...more })

async function strategyOf(test: TestServer, token: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${VERIFIER.key}` }
  return (await test.call({ path: '/oauth/introspect', form: { token }, headers })).body['strategy']
}

const TOKENS = { stateless: /^eyJ.*\..*\./, hybrid: /^cfr_/, stateful: /^cfs_/ } as const
const transitions = STRATEGIES.flatMap((from) =>
  STRATEGIES.filter((to) => to !== from).map((to) => [from, to] as const),
)

describe.each(transitions)('a client that holds tokens itself, from %s to %s', (from, to) => {
  it('stays signed in, and refreshes as it always did, again and again', async () => {
    const before = await open(from)
    const held = await signIn(before, 'shop')
    const test = await reopen(before, to)
    expect((await whoAmI(test, { token: present(held.token) })).body['session']).toMatchObject({ strategy: from })
    let token = held.refreshToken ?? present(held.token)
    for (let round = 0; round < 3; round++) {
      const answer = await refresh(test, 'shop', token)
      const { access_token: access, refresh_token: next, token_type: type } = answer.body
      expect([answer.status, type]).toEqual([200, 'Bearer'])
      expect(next).toMatch(TOKENS[to])
      const current = await whoAmI(test, { token: access as string })
      expect(current.body['session']).toMatchObject({ id: held.sessionId, strategy: to })
      expect([await strategyOf(test, access as string), await strategyOf(test, next as string)]).toEqual([to, to])
      const listed = await test.call({ path: '/sessions', token: access as string })
      expect(listed.body['sessions']).toMatchObject([{ id: held.sessionId, strategy: to, current: true }])
      token = next as string
    }
  })
})

describe.each(transitions)('a browser, from %s to %s', (from, to) => {
  it('stays signed in, and has the cookie of the one form, and not of the other', async () => {
    const before = await open(from, 'cookie')
    const held = await signIn(before, 'shop')
    const test = await reopen(before, to, 'cookie')
    const answer = await byCookie(test, present(held.cookie))
    expect(answer.status).toBe(200)
    expect(answer.body['refresh_token']).toBeUndefined()
    expect(answer.text).not.toContain('cfs_')
    const set = answer.setCookies.filter((line) => !line.includes('Max-Age=0;'))
    expect(set).toEqual([expect.stringMatching(to === 'stateful' ? /^__Host-session=cfs_/ : /^__Secure-refresh-shop=/)])
    const removed = answer.setCookies.filter((line) => line.includes('Max-Age=0;'))
    const isOtherCookie = (from === 'stateful') !== (to === 'stateful')
    const former =
      from === 'stateful' ? /^__Host-session=; Path=\/; / : /^__Secure-refresh-shop=; Path=\/oauth\/token; /
    expect(removed).toEqual(isOtherCookie ? [expect.stringMatching(former)] : [])
    const cookie = (set[0] ?? '').split(';')[0] ?? ''
    const token = answer.body['access_token'] as string | undefined
    const current = await whoAmI(test, token === undefined ? { cookie } : { token })
    expect(current.body['session']).toMatchObject({ id: held.sessionId, strategy: to })
    expect((await byCookie(test, cookie)).status).toBe(200)
  })
})

describe('a browser whose application has become stateful', () => {
  it('stays signed in there when it is signed in on the pages of the server too, whose cookie has the same name', async () => {
    const before = await open('hybrid', 'cookie')
    const held = await signIn(before, 'shop')
    const pages = new Browser(before)
    await pages.signIn()
    const cookie = `${present(held.cookie)}; __Host-session=${present(pages.cookies.get('__Host-session'))}`
    const test = await reopen(before, 'stateful', 'cookie')
    const named = { grant_type: 'refresh_token', client_id: 'shop' }
    const answer = await byCookie(test, cookie, { form: named })
    expect(answer.status).toBe(200)
    const current = await whoAmI(test, { cookie: present(heldBy(answer).cookie?.split('; ').at(-1)) })
    expect(current.body['session']).toMatchObject({ id: held.sessionId, strategy: 'stateful' })
  })
})

describe('a browser whose application is not stateful any more', () => {
  it('V3.5.1 moves only for a page that may, and is refused without losing anything', async () => {
    const before = await open('stateful', 'cookie')
    const { cookie } = await signIn(before, 'shop')
    const test = await reopen(before, 'hybrid', 'cookie')
    for (const more of [{ from: 'cross-site', origin: 'https://evil.example' }, { origin: 'null' }] as const) {
      const call = { path: '/oauth/token', form: { grant_type: 'refresh_token' }, cookie: present(cookie), ...more }
      const answer = await test.call(call)
      expect([answer.status, answer.body['error'], answer.setCookies]).toEqual([400, 'invalid_request', []])
    }
    expect((await whoAmI(test, { cookie: present(cookie) })).body['session']).toMatchObject({ strategy: 'stateful' })
  })

  it('keeps working with its session cookie alone', async () => {
    const before = await open('stateful', 'cookie')
    const { cookie } = await signIn(before, 'shop')
    const test = await reopen(before, 'hybrid', 'cookie')
    for (let hour = 0; hour < 48; hour++) {
      test.clock.forward(3600)
      expect((await whoAmI(test, { cookie: present(cookie) })).status).toBe(200)
    }
  })

  it('signs out of the form that it has by then', async () => {
    const before = await open('stateful', 'cookie')
    const { cookie } = await signIn(before, 'shop')
    const test = await reopen(before, 'hybrid', 'cookie')
    const moved = await byCookie(test, present(cookie))
    const token = moved.body['access_token'] as string
    const out = await test.call({ method: 'DELETE', path: '/sessions/current', token })
    expect(out.setCookies).toEqual([expect.stringMatching(/^__Secure-refresh-shop=;/)])
    expect((await whoAmI(test, { token })).body['code']).toBe('credential_ended')
    const next = heldBy(moved)
      .cookie?.split('; ')
      .find((pair) => pair.startsWith('__Secure-refresh'))
    expect((await byCookie(test, present(next))).body['error']).toBe('invalid_grant')
  })
})

it('while the store is out of reach nothing moves, and no cookie is taken away', async () => {
  const before = await open('hybrid', 'cookie')
  const { cookie, sessionId } = await signIn(before, 'shop')
  const test = await reopen(before, 'stateful', 'cookie')
  test.breakStores(true)
  const away = await byCookie(test, present(cookie))
  test.breakStores(false)
  expect([away.status, away.setCookies]).toEqual([503, []])
  const record = await test.stores.sessions.find(sessionId as SessionId, test.clock.now())
  expect(record).toMatchObject({ strategy: 'hybrid', generation: 0 })
  expect((await byCookie(test, present(cookie))).status).toBe(200)
})
