import { beforeEach, describe, expect, it } from 'vitest'
import { application, EMAIL, PASSWORD, type TestServer } from '../server.fixture.ts'
import { LANGUAGES } from './language.ts'
import { Browser, openPages, readText } from './pages.fixture.ts'

let test: TestServer
let browser: Browser
beforeEach(async () => {
  test = await openPages()
  browser = new Browser(test)
  await browser.signIn()
})

const titleOf = (text: string): string => /<h1>([^<]*)/.exec(text)?.[1] ?? ''

describe('what has been done', () => {
  it('is told once, by a cookie that no address can stand in for', async () => {
    const form = { current_password: PASSWORD, new_password: 'another horse entirely' }
    const { location, setCookies } = await browser.visit('/my/account/password', { form })
    expect(location).toBe('/my/account')
    expect(setCookies).toContain('__Host-done=password; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict')
    const told = await browser.visit('/my/account')
    expect(told.text).toMatch(/role="status" tabindex="-1" autofocus>Your password has been changed/)
    expect(browser.cookies.has('__Host-done')).toBe(false)
    for (const path of ['/my/account', '/my/account?done=password', '/my/devices?done=ended'])
      expect((await browser.visit(path)).text).not.toContain('role="status"')
  })

  it.each(['constructor', '__proto__', 'everything', '<b>', '', 'toString.5'])(
    'is nothing where the cookie says what nobody knows: %j',
    async (value) => {
      browser.cookies.set('__Host-done', value)
      expect((await browser.visit('/my/account')).text).not.toContain('role="status"')
    },
  )

  it.each(['A'.repeat(22), 'nonsense', ''])('is no end of a session that was not there: %j', async (session) => {
    await browser.visit('/my/devices/end', { form: { session } })
    const read = readText((await browser.visit('/my/devices')).text)
    expect([read.includes('There is no such session.'), read.includes('has ended')]).toEqual([true, false])
  })

  it('is nothing where what was sent is what was there', async () => {
    const same = { name: { name: ' Ada ' }, email: { email: EMAIL, current_password: PASSWORD } }
    for (const [name, form] of Object.entries(same)) {
      await browser.visit(`/my/account/${name}`, { form })
      expect(readText((await browser.visit('/my/account')).text)).toContain('Nothing has changed.')
    }
  })
})

describe('the page after signing out', () => {
  it.each(LANGUAGES)('says in %s what was ended, and how soon everybody obeys', async (language) => {
    await browser.visit('/my/devices/end-all', { form: {} })
    const { text } = await browser.visit('/signed-out', { language })
    const read = readText(text)
    expect(titleOf(text)).toBe(language === 'en' ? 'You are signed out everywhere' : '모든 곳에서 로그아웃되었습니다')
    expect(read).toContain(language === 'en' ? 'obey within 5 seconds' : '5초 안에')
    expect(read).toContain(language === 'en' ? 'in 6 minutes at the latest' : '늦어도 6분 후에')
    expect(read).not.toMatch(/may still be signed in|로그인되어 있을 수/)
    expect(text).toContain('href="/sign-in"')
  })

  it('offers nobody to sign in again whose account is gone', async () => {
    await browser.visit('/my/account/delete', { form: { confirm: 'yes' } })
    const { text } = await browser.visit('/signed-out')
    expect(titleOf(text)).toBe('Your account is gone')
    expect(text).not.toMatch(/sign-in|may still be signed in/)
    expect(readText(text)).toContain('obey within 5 seconds')
    expect(titleOf((await browser.visit('/signed-out')).text)).toBe('You are signed out')
  })

  it('speaks of no token where no application hands one out', async () => {
    test = await openPages({ applications: [application('stateful')], settings: { leaseSeconds: 30 } })
    browser = new Browser(test)
    await browser.signIn()
    await browser.visit('/my/devices/end-all', { form: {} })
    const read = readText((await browser.visit('/signed-out')).text)
    expect(read).toContain('obey within 30 seconds')
    expect(read).not.toContain('token')
  })

  it.each(['99999999999999999999', '1e999', 'x', '-1', ''])(
    'tells no bound that nobody can have meant (%s)',
    async (at) => {
      browser = new Browser(test)
      browser.cookies.set('__Host-done', `everything.${at}`)
      const read = readText((await browser.visit('/signed-out')).text)
      expect(read).toContain('All your sessions have ended')
      expect(read).not.toMatch(/token|NaN|Infinity|years/)
    },
  )

  it('claims nothing of whoever comes by a link: neither that they are signed out, nor that something ended', async () => {
    const { text } = await browser.visit('/signed-out?done=everything')
    expect(titleOf(text)).toBe('You are still signed in')
    expect(text.match(/action="\/sign-out"/g)).toHaveLength(1)
    const stranger = new Browser(test)
    await stranger.visit('/sign-out', { form: {} })
    expect(readText((await stranger.visit('/signed-out')).text)).not.toMatch(/has ended|have ended/)
  })
})
