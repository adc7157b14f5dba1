import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ApplicationId } from '@counterfoil/protocol'
import {
  APP_ORIGIN,
  application,
  EMAIL,
  ISSUER,
  PASSWORD,
  present,
  signIn,
  type TestServer,
} from '../server.fixture.ts'
import { Browser, openPages, readText } from './pages.fixture.ts'
import { locationOf, readReturnTo } from './return-to.ts'

const CART = `${APP_ORIGIN}/cart`
const TWINS = 'https://twins.example.com'

let test: TestServer
let browser: Browser
beforeEach(async () => {
  test = await openPages()
  browser = new Browser(test)
})

const asked = (target: string): string => `/signed-in?return_to=${encodeURIComponent(target)}`

describe('the page after signing in', () => {
  it('says that the browser keeps no cookies where none came along, and leads to another try', async () => {
    await browser.signIn()
    browser.cookies.clear()
    for (const language of ['en', 'ko']) {
      const { status, text } = await browser.visit(asked(CART), { language })
      expect([status, /Safari/.test(text), text.includes('http-equiv')]).toEqual([400, true, false])
      expect(text).toContain(`href="/sign-in?return_to=${encodeURIComponent(CART)}"`)
    }
    expect(readText((await browser.visit(asked(CART))).text)).toContain('Your browser keeps no cookies for this site')
  })

  it('leads to sign-in whose session has ended', async () => {
    await browser.signIn()
    const former = new Map(browser.cookies)
    await browser.visit('/sign-out', { form: {} })
    for (const [name, value] of former) browser.cookies.set(name, value)
    expect((await browser.visit(asked('/my/account'))).location).toContain('/sign-in?return_to=')
  })

  it('ends the redirects of the form before it leads elsewhere: by a link, which the browser follows at once', async () => {
    const { location, headers } = await browser.signIn({ return_to: CART })
    expect(location).toBe(asked(CART))
    expect(headers['cache-control']).toBe('no-store')
    const { status, text, headers: more } = await browser.visit(location ?? '')
    expect([status, more['cache-control']]).toEqual([200, 'no-store'])
    expect(text).toContain(`<meta http-equiv="refresh" content="0;url=${CART}" />`)
    expect(text).toContain(`href="${CART}"`)
    expect(more['content-security-policy']).toContain("form-action 'self';")
  })

  it('does so too for an address of its own host that is no page, which may lead on to anybody', async () => {
    await browser.signIn()
    const { status, text } = await browser.visit(asked('/authorize?client_id=x'))
    expect([status, text.includes('content="0;url=/authorize?client_id=x"')]).toEqual([200, true])
  })

  it('leads to pages by their path, so that another name of the host stays what it was', async () => {
    const { location } = await browser.signIn({ return_to: `${ISSUER}/my/account` })
    expect(location).toBe(asked('/my/account'))
    expect((await browser.visit(location ?? '')).location).toBe('/my/account')
  })

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'https:evil.example',
    'javascript:alert(1)',
    `${APP_ORIGIN}:444/`,
  ])('RFC 9700 4.11 leads nowhere else, whatever it is told itself: %j', async (target) => {
    await browser.signIn()
    const { status, location, text } = await browser.visit(asked(target))
    expect([status, location, text]).toEqual([303, '/my/devices', ''])
  })

  it('RFC 9700 4.11 takes no path for a host', async () => {
    await browser.signIn()
    const { text, location } = await browser.visit(asked('/..//evil.example'))
    expect([location, /content="0;url=([^"]*)"/.exec(text)?.[1]]).toEqual([undefined, '/.//evil.example'])
    expect(new URL('/.//evil.example', ISSUER).host).toBe(new URL(ISSUER).host)
  })
})

describe('where sign-in leads', () => {
  const known = { own: ISSUER, listed: [APP_ORIGIN] }
  const piece = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2f',
    '%',
    '가',
    ' ',
    '?',
    '#',
    "'",
    '"',
    '|',
    '^',
    '&',
    '+',
    'a',
  )

  it('is the same when it is read once more', () => {
    const text = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.constantFrom('/', `${APP_ORIGIN}/`), text, fc.constantFrom(1, 400), (start, rest, times) => {
        const once = readReturnTo(start + rest.repeat(times), known)
        return once === undefined || readReturnTo(once, known) === once
      }),
      { numRuns: 2000 },
    )
  })

  it('is never another host for being written as a path', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (parts) => {
        const href = readReturnTo(`/${parts.join('')}`, known)
        return href === undefined || new URL(locationOf(href, ISSUER), 'http://127.0.0.1/x').host === '127.0.0.1'
      }),
      { numRuns: 2000 },
    )
  })

  it('may be a long address in Korean, and goes the whole way, as long as it fits into an address of ours', async () => {
    const long = `${APP_ORIGIN}/search?q=${'가'.repeat(450)}`
    expect((await browser.visit(`/sign-in?return_to=${encodeURIComponent(long)}`)).text).toContain('name="return_to"')
    const arrived = await browser.follow(await browser.signIn({ return_to: long }))
    expect(arrived.text).toContain(`content="0;url=${new URL(long).href}"`)
    const { text, status } = await browser.visit(`/sign-in?return_to=${encodeURIComponent(long)}&again`)
    expect([status, text.includes('name="return_to"')]).toEqual([200, true])
    expect(readReturnTo(`${APP_ORIGIN}/${'가'.repeat(480)}`, known)).toBeUndefined()
  })
})

describe('the session that a sign-in starts', () => {
  const sessionsOf = async () => {
    const account = present(await test.stores.database.findAccountByEmail(EMAIL))
    return test.stores.sessions.list(account.id, test.clock.now())
  }
  const ofShop = (path: string, more = {}) =>
    test.call({
      path,
      cookie: `__Host-session=${browser.cookies.get('__Host-session')}`,
      from: 'same-site',
      origin: APP_ORIGIN,
      ...more,
    })

  it.each([
    ['signing in', (): Promise<unknown> => browser.signIn({ return_to: CART })],
    [
      'signing up',
      (): Promise<unknown> =>
        browser.visit('/sign-up', { form: { email: 'grace@example.com', password: PASSWORD, return_to: CART } }),
    ],
  ])('is one of the application that %s leads back to, which can end it', async (_, enter) => {
    await enter()
    expect((await ofShop('/sessions/current')).body).toMatchObject({ session: { client_id: 'web-stateful' } })
    expect((await ofShop('/sessions/current', { method: 'DELETE' })).status).toBe(200)
  })

  it('is one of the pages where several applications of that origin share the cookie', async () => {
    const twin = (id: string) => application('stateful', { id, transport: 'cookie', origins: [TWINS] })
    test = await openPages({ applications: [twin('one'), twin('other')] })
    browser = new Browser(test)
    await browser.signIn({ return_to: `${TWINS}/` })
    expect((await sessionsOf()).map(({ applicationId }) => applicationId)).toEqual(['account-pages'])
  })

  it('V7.2.4 is the one that the browser holds, with its application and attributes, for whoever signs in again', async () => {
    const shop = await signIn(test, 'web-stateful', { from: 'same-site', origin: APP_ORIGIN })
    browser.cookies.set('__Host-session', shop.cookie?.split('=')[1] ?? '')
    await ofShop('/sessions/current/attributes/cart', { method: 'PUT', json: ['tea'] })
    for (const form of [{}, { again: '', return_to: '/my/devices' }]) {
      const former = browser.cookies.get('__Host-session')
      test.clock.forward(60)
      await browser.signIn(form)
      expect(browser.cookies.get('__Host-session')).not.toBe(former)
      expect((await ofShop('/sessions/current/attributes/cart')).body).toEqual(['tea'])
      expect((await test.call({ path: '/sessions/current', cookie: `__Host-session=${former}` })).status).toBe(401)
    }
    const [session, ...others] = await sessionsOf()
    expect([session?.id, session?.applicationId, others]).toEqual([shop.sessionId, 'web-stateful' as ApplicationId, []])
    expect(session?.authenticatedAt).toBe(test.clock.now())
  })

  it('is asked for where the one of the pages would be of no use to the application', async () => {
    await browser.signIn()
    const { status, text } = await browser.visit(`/sign-in?return_to=${encodeURIComponent(CART)}`)
    expect([status, text.includes(`value="${EMAIL}"`)]).toEqual([200, true])
    await browser.signIn({ return_to: CART })
    expect((await sessionsOf()).map(({ applicationId }) => applicationId)).toEqual(['web-stateful'])
    expect((await browser.visit(`/sign-in?return_to=${encodeURIComponent(CART)}`)).location).toBe(CART)
  })

  it('V7.2.4 is another one for somebody else, and the former one ends', async () => {
    await browser.signIn()
    const [former] = await sessionsOf()
    await browser.visit('/sign-up', { form: { email: 'eve@example.com', password: PASSWORD } })
    expect(await sessionsOf()).toEqual([])
    expect(await test.stores.sessions.find(present(former).id, test.clock.now())).toBeUndefined()
    expect((await browser.visit('/my/account')).text).toContain('eve@example.com')
  })
})
