import { beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreUnavailable } from '@counterfoil/core'
import { EMAIL, PASSWORD, present, type TestServer } from '../server.fixture.ts'
import { Browser, openPages, readText } from './pages.fixture.ts'

let test: TestServer
let browser: Browser
beforeEach(async () => {
  test = await openPages()
  browser = new Browser(test)
})

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('an address that is no page', () => {
  it.each([
    ['/my', '/my/devices'],
    ['/my/', '/my/devices'],
    ['/my/devices/', '/my/devices'],
    ['/my/devices/end', '/my/devices'],
    ['/my/devices/end-others', '/my/devices'],
    ['/my/devices/end-all', '/my/devices'],
    ['/my/account/name', '/my/account'],
    ['/my/account/email', '/my/account'],
    ['/my/account/password', '/my/account'],
    ['/my/account/delete', '/my/account'],
    ['/sign-out', '/signed-out'],
    ['/sign-in/?return_to=%2Fmy%2Faccount', '/sign-in?return_to=%2Fmy%2Faccount'],
    ['/sign-up/', '/sign-up'],
    ['/signed-out/', '/signed-out'],
  ])('leads to one, and does nothing: %s', async (from, to) => {
    await browser.signIn()
    const { status, location } = await browser.visit(from)
    expect([status, location]).toEqual([303, to])
    expect((await browser.visit('/my/account')).status).toBe(200)
  })

  it.each(['/my/nothing', '/my/account/nothing', '/sign-in/nothing', '/signed-in/nothing'])(
    'is answered with a page for whoever reads one, and with a problem for programs: %s',
    async (path) => {
      const { status, headers, text } = await browser.visit(path, { headers: HTML, language: 'ko' })
      expect([status, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
      expect(headers['cross-origin-opener-policy']).toBe('same-origin')
      expect(headers['content-security-policy']).toContain("form-action 'self'")
      expect(readText(text)).toContain('이 주소에는 페이지가 없습니다.')
      expect((await browser.visit(path)).headers['content-type']).toContain('application/problem+json')
    },
  )

  it('is answered with a page for a method that it does not take, and says which it takes', async () => {
    const { status, headers, text } = await browser.visit('/my/devices', { form: {}, headers: HTML })
    expect([status, headers['allow'], headers['content-type']]).toEqual([405, 'GET, HEAD', 'text/html; charset=utf-8'])
    expect(text).toContain('href="/"')
  })

  it('stays a problem of the interface elsewhere, and where there are no pages', async () => {
    expect((await browser.visit('/nothing', { headers: HTML })).headers['content-type']).toContain(
      'application/problem+json',
    )
    const none = new Browser(await openPages({ pages: false }))
    const { status, headers } = await none.visit('/my/nothing', { headers: HTML })
    expect(status).toBe(404)
    expect(headers['content-type']).toContain('application/problem+json')
  })
})

describe('a page that cannot be shown', () => {
  it('keeps where it leads and what it asks for, in the link to try again and in the switch of language', async () => {
    await browser.signIn()
    const onwards = 'return_to=https%3A%2F%2Fauth.example.com%2Fmy%2Faccount&amp;again='
    expect((await browser.visit('/sign-in?again&return_to=/my/account')).text).toContain(`?${onwards}&amp;lang=ko`)
    test.breakStores(true)
    test.clock.forward(60)
    const { status, text } = await browser.visit('/sign-in?again&return_to=/my/account')
    expect([status, text.includes(`href="/sign-in?${onwards}"`)]).toEqual([503, true])
    const { text: form } = await browser.signIn({ again: '', return_to: '/my/account' })
    expect(form).toContain('name="again"')
  })

  it('asks for a new password as the page of sign-up does, and puts the focus on what is wrong', async () => {
    test.breakStores(true)
    const form = { email: 'grace@example.com', password: PASSWORD, name: 'Grace' }
    const { status, text } = await browser.visit('/sign-up', { form })
    expect(status).toBe(503)
    expect(text).toMatch(/autocomplete="new-password"[^>]*aria-describedby="again-password-hint"/)
    expect(text).toMatch(/role="alert" tabindex="-1" autofocus/)
  })
})

describe('two session cookies', () => {
  it.each([
    ['/my/devices', undefined],
    ['/sign-in', undefined],
    ['/sign-in', { email: EMAIL, password: PASSWORD }],
    ['/sign-out', {}],
  ])('are told of, and nothing is done: %s %j', async (path, form) => {
    await browser.signIn()
    const cookie = `__Host-session=${browser.cookies.get('__Host-session')}; __Host-session=x`
    const { status, text, setCookies } = await browser.visit(path, { ...(form && { form }), headers: { cookie } })
    expect([status, setCookies]).toEqual([400, []])
    expect(readText(text)).toContain('The browser sent two session cookies')
    expect((await browser.visit('/my/devices')).status).toBe(200)
  })
})

describe('signing up', () => {
  const form = { email: 'grace@example.com', password: PASSWORD }

  it('signs in also where an address may not try another password', async () => {
    test = await openPages({ settings: { signInAttemptsPerAddress: 1 } })
    browser = new Browser(test)
    await browser.signIn({ email: 'nobody@example.com', password: 'wrong' })
    expect((await browser.signIn()).status).toBe(429)
    await browser.visit('/sign-up', { form })
    expect((await browser.visit('/my/account')).text).toContain(form.email)
  })

  it('says that the account has been made where its session could not be started, and leads to sign-in', async () => {
    vi.spyOn(test.stores.sessions, 'start').mockRejectedValueOnce(new StoreUnavailable('away'))
    const answer = await browser.visit('/sign-up', { form: { ...form, return_to: '/my/account' } })
    expect(answer.location).toContain('/sign-in?return_to=')
    expect(readText((await browser.visit(present(answer.location))).text)).toContain('Your account has been made.')
    expect((await browser.signIn(form)).status).toBe(303)
  })

  it('does so as well for whoever is signed in with another account that could not be left', async () => {
    await browser.signIn()
    vi.spyOn(test.stores.log, 'append').mockRejectedValueOnce(new StoreUnavailable('away'))
    const { location } = await browser.visit('/sign-up', { form })
    expect(location).toBe('/sign-in?again=')
    const { status, text } = await browser.visit(present(location))
    expect([status, readText(text).includes('Your account has been made.')]).toEqual([200, true])
  })
})

describe('a change of password', () => {
  it('names whose it is in a field that managers read and nobody sees', async () => {
    await browser.signIn()
    const { text } = await browser.visit('/my/account')
    const field = /<input\s[^>]*name="username"[^>]*>/.exec(text)?.[0] ?? ''
    for (const part of ['class="unseen"', 'type="text"', 'autocomplete="username"', `value="${EMAIL}"`, 'readonly'])
      expect(field).toContain(part)
    expect(field).toContain('tabindex="-1"')
  })
})
