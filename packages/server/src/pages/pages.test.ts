import { beforeEach, describe, expect, it } from 'vitest'
import { APP_ORIGIN, EMAIL, ISSUER, PASSWORD, present, signIn, type TestServer } from '../server.fixture.ts'
import { LANGUAGES } from './language.ts'
import { Browser, openPages, readText, type PageAnswer } from './pages.fixture.ts'

/** Pages for everybody, and for those who are signed in. */
const OPEN = ['/sign-in', '/sign-up', '/signed-out'] as const
const OWN = ['/my/devices', '/my/account'] as const
const PAGES = [...OPEN, ...OWN] as const
const EVIL = `<img src=x onerror=alert(1)>"'`

let test: TestServer
let browser: Browser
beforeEach(async () => {
  test = await openPages()
  browser = new Browser(test)
})

const sessionsOf = async (): Promise<number> => {
  const account = present(await test.stores.database.findAccountByEmail(EMAIL))
  return (await test.stores.sessions.list(account.id, test.clock.now())).length
}

describe('a page', () => {
  /** As those see it that it is for. */
  const see = async (path: (typeof PAGES)[number]): Promise<PageAnswer> => {
    if (path === '/my/devices' || path === '/my/account') await browser.signIn()
    const page = await browser.visit(path)
    expect(page.status).toBe(200)
    return page
  }

  it.each(PAGES)(
    'V3.4.3 V3.4.6 RFC 9700 4.16 %s runs nothing, loads nothing of others, and stands in no frame',
    async (path) => {
      const { headers, text } = await see(path)
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      )
      expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=|https?:\/\//)
      expect(headers['cross-origin-opener-policy']).toBe('same-origin')
      expect(headers['referrer-policy']).toBe('same-origin')
      expect(headers['x-content-type-options']).toBe('nosniff')
    },
  )

  it.each(PAGES)('V14.3.2 %s is stored by nobody', async (path) => {
    expect((await see(path)).headers['cache-control']).toBe('no-store')
  })

  it('V14.3.2 is stored by nobody where it only leads on, for whoever is signed in or out', async () => {
    const leadOn = async (paths: readonly string[]): Promise<void> => {
      for (const path of paths) {
        const { status, headers } = await browser.visit(path)
        expect([path, status, headers['cache-control']]).toEqual([path, 303, 'no-store'])
      }
    }
    await leadOn(['/', ...OWN])
    await browser.signIn()
    await leadOn(['/', '/sign-in', '/sign-up'])
  })

  it.each(LANGUAGES)('speaks %s by Accept-Language, and says so', async (language) => {
    await browser.signIn()
    for (const path of ['/sign-in?again', '/signed-out', '/my/devices', '/my/account']) {
      const { text, headers } = await browser.visit(path, { language })
      expect(text).toContain(`<html lang="${language}">`)
      expect(headers['content-language']).toBe(language)
      expect(/[가-힣]/.test(/<h1>([^<]*)/.exec(text)?.[1] ?? '')).toBe(language === 'ko')
    }
  })

  it('changes its language by the switch, for good, in a cookie that says nothing else', async () => {
    const { setCookies } = await browser.visit('/sign-in?lang=ko')
    expect(setCookies).toEqual(['__Host-language=ko; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax'])
    expect((await browser.visit('/sign-in', { language: 'en' })).text).toContain('<html lang="ko">')
    const { setCookies: none } = await browser.visit(`/sign-in?lang=${encodeURIComponent('x; Domain=example.com')}`)
    expect(none).toEqual([])
  })

  it('V3.4.2 is read by no page of another origin, not even of one that an application lists', async () => {
    const { headers } = await browser.visit('/sign-in', { headers: { origin: APP_ORIGIN } })
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  it('sends its own style and logo, to be kept, under names that tell their content', async () => {
    const { text } = await browser.visit('/sign-in')
    const paths = [...text.matchAll(/(?:href|src)="(\/pages\/[^"]+)"/g)].map(([, path = '']) => path)
    expect(paths.length).toBeGreaterThanOrEqual(2)
    for (const path of paths) {
      const { status, headers } = await browser.visit(path)
      expect([status, headers['x-content-type-options']]).toEqual([200, 'nosniff'])
      expect(headers['cache-control']).toContain('immutable')
    }
  })

  it('is not there where pages are not wanted', async () => {
    const none = new Browser(await openPages({ pages: false }))
    for (const path of PAGES) expect((await none.visit(path)).status).toBe(404)
  })

  it('lies below the path of the issuer URL, with all that it refers to', async () => {
    const below = new Browser(await openPages({ issuer: 'https://example.com/auth' }))
    const { text } = await below.visit('/auth/sign-in')
    for (const [, path = ''] of text.matchAll(/(?:href|src|action)="([^"#]+)"/g)) expect(path).toMatch(/^\/auth\//)
    const headers = { origin: 'https://example.com' }
    const { location } = await below.visit('/auth/sign-in', { form: { email: EMAIL, password: PASSWORD }, headers })
    expect(location).toBe('/auth/signed-in')
    expect((await below.visit('/auth/signed-in')).location).toBe('/auth/my/devices')
  })
})

describe('a form', () => {
  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['an origin that an application lists', { 'sec-fetch-site': 'same-site', origin: APP_ORIGIN }],
    ['nowhere that it says', { 'sec-fetch-site': undefined, origin: undefined }],
    ['an opaque origin', { 'sec-fetch-site': undefined, origin: 'null' }],
  ])('V3.5.1 from %s does nothing', async (_, headers) => {
    const refused = await browser.visit('/sign-in', { form: { email: EMAIL, password: PASSWORD }, headers })
    expect([refused.status, refused.setCookies]).toEqual([403, []])
    await browser.signIn()
    for (const path of ['/sign-out', '/my/devices/end-all', '/my/account/delete', '/my/account/name']) {
      const { status, setCookies } = await browser.visit(path, { form: { confirm: 'yes', name: 'Eve' }, headers })
      expect([path, status, setCookies]).toEqual([path, 403, []])
    }
    expect((await browser.visit('/my/account')).text).toContain('value="Ada"')
  })

  it('V3.5.3 is the only way to change anything: asking for a page changes nothing', async () => {
    await browser.signIn()
    for (const path of ['/sign-out', '/my/devices/end-all', '/my/devices/end-others', '/my/account/delete'])
      expect((await browser.visit(path)).status).toBe(303)
    expect(await sessionsOf()).toBe(1)
  })

  it('is taken from an old browser by its Origin', async () => {
    const headers = { 'sec-fetch-site': undefined }
    const { status } = await browser.visit('/sign-in', { form: { email: EMAIL, password: PASSWORD }, headers })
    expect(status).toBe(303)
  })
})

describe('signing in on its page', () => {
  it('RFC 9700 4.12 V3.3.1 V3.3.2 V3.3.3 V3.3.4 V7.2.3 leads on with 303 and keeps the session in a __Host- cookie alone', async () => {
    const { status, location, setCookies, text } = await browser.signIn()
    expect([status, location, text]).toEqual([303, '/signed-in', ''])
    expect((await browser.visit('/signed-in')).location).toBe('/my/devices')
    expect(setCookies).toEqual([
      expect.stringMatching(/^__Host-session=cfs_[\w-]+; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/),
    ])
  })

  it('V6.3.8 says the same for an unknown account, a wrong password and a disabled account', async () => {
    const attempt = async (email: string, password: string): Promise<readonly unknown[]> => {
      const { status, text, setCookies } = await browser.signIn({ email, password })
      expect(text).not.toContain(password)
      return [status, text.replaceAll(email, ''), setCookies]
    }
    const wrong = await attempt(EMAIL, 'not the password')
    expect(wrong[0]).toBe(422)
    expect(await attempt('nobody@example.com', 'not the password')).toEqual(wrong)
    await test.server.auth.disableAccount(present(await test.stores.database.findAccountByEmail(EMAIL)).id)
    expect(await attempt(EMAIL, PASSWORD)).toEqual(wrong)
  })

  it('V6.2.6 V6.2.7 masks passwords, lets managers fill them in and people paste them, and shows none again', async () => {
    for (const path of ['/sign-in', '/sign-up']) {
      const { text } = await browser.visit(path, { form: { email: EMAIL, password: 'hunter2 hunter2' } })
      expect(text).toMatch(/type="password"[^>]*autocomplete="(current|new)-password"/)
      expect(text).not.toMatch(/hunter2|onpaste|readonly|autocomplete="off"|maxlength/)
      expect(text).toContain(`value="${EMAIL}"`)
    }
  })

  it('V7.2.4 ends the session that the browser held until then', async () => {
    await browser.signIn()
    const former = new Map(browser.cookies)
    await browser.signIn()
    expect(await sessionsOf()).toBe(1)
    const stale = new Browser(test)
    for (const [name, value] of former) stale.cookies.set(name, value)
    expect((await stale.visit('/my/devices')).status).toBe(303)
  })

  it('leads back to where it came from: a path, or a listed origin', async () => {
    const first = await browser.visit('/my/account')
    expect([first.status, first.location]).toEqual([303, '/sign-in?return_to=%2Fmy%2Faccount'])
    const { text, headers } = await browser.visit(`/sign-in?return_to=${encodeURIComponent(`${APP_ORIGIN}/cart`)}`)
    expect(text).toContain(`name="return_to" value="${APP_ORIGIN}/cart"`)
    expect(headers['content-security-policy']).toContain("form-action 'self';")
    const arrived = await browser.follow(await browser.signIn({ return_to: `${APP_ORIGIN}/cart` }))
    expect(arrived.text).toContain(`content="0;url=${APP_ORIGIN}/cart"`)
    expect((await browser.visit('/sign-in?return_to=/my/account')).location).toBe('/my/account')
  })

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    'https://app.example.com@evil.example',
    `${APP_ORIGIN}:444/`,
    '/a\r\nx: y',
  ])('RFC 9700 4.11 leads nowhere else: %j', async (target) => {
    const { text } = await browser.visit(`/sign-in?return_to=${encodeURIComponent(target)}`)
    expect(text).not.toContain('return_to')
    expect((await browser.follow(await browser.signIn({ return_to: target }))).url).toBe('/my/devices')
    expect((await browser.visit(`/sign-in?return_to=${encodeURIComponent(target)}`)).location).toBe('/my/devices')
  })

  it('V6.3.1 tells when to try again after too many attempts', async () => {
    test = await openPages({ settings: { signInAttemptsPerAccount: 2 } })
    browser = new Browser(test)
    for (let round = 0; round < 12; round++) await browser.signIn({ password: 'wrong' })
    const { status, headers, text } = await browser.signIn()
    expect(status).toBe(429)
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(readText(text)).toMatch(/Too many attempts\. You can try again in \d+ \w+\./)
    expect(
      readText((await browser.visit('/sign-in', { form: { email: EMAIL, password: 'x' }, language: 'ko' })).text),
    ).toMatch(/후에 다시 시도/)
  })

  it('says at the field what is wrong, above everything too, where the focus goes', async () => {
    const { status, text } = await browser.signIn({ email: 'ada', password: '' })
    expect(status).toBe(422)
    expect(text).toMatch(/role="alert"[^>]*autofocus/)
    for (const field of ['email', 'password']) {
      expect(text).toContain(`href="#sign-in-${field}"`)
      expect(text).toMatch(
        new RegExp(
          `<input[^>]*id="sign-in-${field}"[^>]*aria-describedby="sign-in-${field}-fault"[^>]*aria-invalid="true"`,
        ),
      )
      expect(text).toContain(`id="sign-in-${field}-fault"`)
    }
    expect(text).toMatch(/<title>\s*Problem: /)
  })

  it('"cannot tell" is not "signed out": nothing is cleared, and the form is still there but for its password', async () => {
    await browser.signIn()
    test.breakStores(true)
    test.clock.forward(3600)
    for (const language of LANGUAGES) {
      const page = await browser.visit('/my/devices', { language })
      expect([page.status, page.headers['retry-after'], page.setCookies]).toEqual([503, '1', []])
      expect(page.headers['clear-site-data']).toBeUndefined()
    }
    const { status, text, setCookies } = await browser.signIn({ return_to: '/my/account' })
    expect([status, setCookies]).toEqual([503, []])
    expect(text).toContain(`value="${EMAIL}"`)
    expect(text).toContain(`value="${ISSUER}/my/account"`)
    expect(text).not.toContain(PASSWORD)
    test.breakStores(false)
    expect((await browser.visit('/my/devices')).status).toBe(200)
  })
})

describe('signing up on its page', () => {
  const form = { email: 'grace@example.com', name: EVIL, password: PASSWORD }

  it('makes an account and signs it in', async () => {
    expect(await browser.visit('/sign-up', { form })).toMatchObject({ status: 303, location: '/signed-in' })
    const { text } = await browser.visit('/my/account')
    expect(text).toContain('value="grace@example.com"')
    expect(text).not.toContain(EVIL)
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;')
  })

  it.each([
    ['short', 'tooShort'],
    ['password', 'tooCommon'],
    ['grace@example.com', 'tooPersonal'],
    ['counterfoil123', 'tooObvious'],
    ['x'.repeat(1025), 'too long'],
  ])('V6.2.1 says in each language why %j will not do', async (password) => {
    const told = await Promise.all(
      LANGUAGES.map(async (language) => {
        const { status, text } = await browser.visit('/sign-up', { form: { ...form, password }, language })
        expect(status === 400 || status === 422).toBe(true)
        return /id="sign-up-password-fault">\s*([^<]*)/.exec(text)?.[1]?.trim() ?? ''
      }),
    )
    expect(told[0]).toMatch(/^[\x20-\x7e]{10,}$/)
    expect(told[1]).toMatch(/[가-힣]/)
    expect(told).not.toContain('This password cannot be used. Choose another one.')
  })

  it('tells at the field that the address is taken', async () => {
    const { status, text } = await browser.visit('/sign-up', { form: { ...form, email: EMAIL } })
    expect(status).toBe(409)
    expect(text).toContain('href="#sign-up-email"')
  })

  it('says so where sign-up is closed, and there is no way to it', async () => {
    const closed = new Browser(await openPages({ signUp: 'closed' }))
    for (const visit of [{}, { form }]) {
      const { status, text } = await closed.visit('/sign-up', visit)
      expect([status, readText(text).includes('New accounts are not being taken here.')]).toEqual([403, true])
    }
    expect((await closed.visit('/sign-in')).text).not.toContain('/sign-up')
  })
})

describe('the sign-out button', () => {
  it('V7.4.4 is on every page of somebody who is signed in', async () => {
    await browser.signIn()
    for (const path of ['/my/devices', '/my/account'])
      expect((await browser.visit(path)).text).toMatch(/action="\/sign-out"/)
  })

  it('V7.4.1 V14.3.1 ends the session, removes its cookie, and clears what the origin keeps, of others nothing', async () => {
    await browser.signIn()
    const former = new Map(browser.cookies)
    const { status, location, headers, setCookies } = await browser.visit('/sign-out', { form: {} })
    expect([status, location]).toEqual([303, '/signed-out'])
    expect(headers['clear-site-data']).toBe('"cache", "storage"')
    expect(setCookies).toEqual(['__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax'])
    expect(await sessionsOf()).toBe(0)
    for (const [name, value] of former) browser.cookies.set(name, value)
    expect((await browser.visit('/my/devices')).location).toContain('/sign-in')
  })

  it('does the same for whoever is signed out already', async () => {
    expect(await browser.visit('/sign-out', { form: {} })).toMatchObject({ status: 303, location: '/signed-out' })
  })
})

describe('the sessions that pages start', () => {
  it('are those of an application that the server has by itself, whose name is taken', async () => {
    const { id } = present(
      (await test.stores.database.listApplications()).find((each) => each.name === 'Account pages'),
    )
    expect(id).toBe('account-pages')
    const application = present(await test.stores.database.findApplication(id))
    await expect(openPages({ applications: [application] })).rejects.toThrow(TypeError)
  })

  it('are as good as those that an application of the same cookie started', async () => {
    const { cookie = '' } = await signIn(test, 'web-stateful', { from: 'same-site', origin: APP_ORIGIN })
    browser.cookies.set('__Host-session', cookie.split('=')[1] ?? '')
    expect((await browser.visit('/my/devices')).status).toBe(200)
  })
})
