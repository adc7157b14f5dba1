import { beforeEach, describe, expect, it } from 'vitest'
import { EMAIL, PASSWORD, signIn, type TestServer } from '../server.fixture.ts'
import { Browser, openPages, readText } from './pages.fixture.ts'

const EVIL = `<b>'"&</b>`
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1'

let test: TestServer
let browser: Browser
beforeEach(async () => {
  test = await openPages()
  browser = new Browser(test)
  await browser.signIn()
})

const isSignedIn = async (other: Browser): Promise<boolean> => (await other.visit('/my/devices')).status === 200

describe('the page of devices', () => {
  it('V7.5.2 lists every session: application, device, address, since when, last seen; the present one is marked', async () => {
    test.clock.forward(7200)
    await signIn(test, 'shop', { headers: { 'user-agent': PHONE }, address: '198.51.100.7' })
    const { text } = await browser.visit('/my/devices')
    const read = readText(text)
    expect(read).toContain('Safari on iPhone')
    expect(read).toContain('198.51.100.7')
    expect(text.match(/This device/g)).toHaveLength(1)
    expect(text).toMatch(/<time\s+datetime="2026-01-01T02:00:00.000Z"/)
    expect(read).toContain('Jan 1, 2026, 2:00 AM UTC')
    test.clock.forward(600)
    expect(readText((await browser.visit('/my/devices')).text)).toContain('10 minutes ago')
    expect(readText((await browser.visit('/my/devices', { language: 'ko' })).text)).toContain('10분 전')
  })

  it('shows labels and programs as text, whatever is in them', async () => {
    const json = { client_id: 'shop', email: EMAIL, password: PASSWORD, device_label: `${EVIL} 👩‍🚀 \u202eabc` }
    await test.call({ path: '/sessions', json })
    await test.call({ path: '/sessions', json: { ...json, device_label: undefined }, headers: { 'user-agent': EVIL } })
    const { text } = await browser.visit('/my/devices')
    expect(text).not.toContain(EVIL)
    expect(text).toContain('&lt;b&gt;&#39;&quot;&amp;&lt;/b&gt; 👩‍🚀')
    expect(text).toMatch(/<bdi>&lt;b&gt;/)
  })

  it('V7.5.2 ends one session, and leaves the others', async () => {
    const phone = await signIn(test, 'stateful')
    const other = new Browser(test)
    await other.signIn()
    const { status, location } = await browser.visit('/my/devices/end', { form: { session: phone.sessionId } })
    expect([status, location]).toEqual([303, '/my/devices'])
    expect((await browser.visit('/my/devices')).text).toContain('role="status"')
    expect((await browser.visit('/my/devices')).text).not.toContain('role="status"')
    expect((await test.call({ path: '/sessions/current', token: phone.token })).status).toBe(401)
    expect([await isSignedIn(browser), await isSignedIn(other)]).toEqual([true, true])
  })

  it('ends no session of somebody else', async () => {
    const eve = new Browser(test)
    await eve.visit('/sign-up', { form: { email: 'eve@example.com', password: PASSWORD } })
    const { sessionId, token } = await signIn(test, 'stateful')
    await eve.visit('/my/devices/end', { form: { session: sessionId } })
    expect((await test.call({ path: '/sessions/current', token })).status).toBe(200)
  })

  it('V7.5.2 ends all others, or everything', async () => {
    const other = new Browser(test)
    await other.signIn()
    expect((await browser.visit('/my/devices/end-others', { form: {} })).location).toBe('/my/devices')
    expect([await isSignedIn(browser), await isSignedIn(other)]).toEqual([true, false])
    await other.signIn()
    const all = await browser.visit('/my/devices/end-all', { form: {} })
    expect([all.location, all.headers['clear-site-data']]).toEqual(['/signed-out', '"cache", "storage"'])
    expect([await isSignedIn(browser), await isSignedIn(other)]).toEqual([false, false])
  })

  it('V10.4.9 ends sessions of every strategy that is stored, so their refresh tokens too', async () => {
    const shop = await signIn(test, 'hybrid')
    await browser.visit('/my/devices/end', { form: { session: shop.sessionId } })
    const form = { grant_type: 'refresh_token', refresh_token: shop.refreshToken ?? '', client_id: 'hybrid' }
    const { status, body } = await test.call({ path: '/oauth/token', form })
    expect([status, body['error']]).toEqual([400, 'invalid_grant'])
  })

  it('says only what it knows to have been done, whatever the address says', async () => {
    for (const done of ['constructor', '__proto__', '<b>', 'x', 'ended', 'password'])
      expect((await browser.visit(`/my/devices?done=${encodeURIComponent(done)}`)).text).not.toContain('role="status"')
  })
})

describe('the page of the account', () => {
  it('changes the name, and takes it away', async () => {
    const name = `${'가'.repeat(190)} 👩‍🚀`
    expect((await browser.visit('/my/account/name', { form: { name } })).location).toBe('/my/account')
    expect((await browser.visit('/my/account')).text).toContain(`value="${name}"`)
    await browser.visit('/my/account/name', { form: { name: '' } })
    expect((await browser.visit('/my/account')).text).not.toContain(name)
    const { status, text } = await browser.visit('/my/account/name', { form: { name: 'x'.repeat(201) } })
    expect(status).toBe(422)
    expect(text).toContain('id="name-name-fault"')
  })

  it('V7.5.1 changes the email address with the current password only', async () => {
    const form = { email: 'ada@new.example', current_password: 'wrong' }
    const { status, text } = await browser.visit('/my/account/email', { form })
    expect(status).toBe(403)
    expect(text).toContain('id="email-current_password-fault"')
    expect(text).toContain('value="ada@new.example"')
    expect(await test.stores.database.findAccountByEmail('ada@new.example')).toBeUndefined()
    await browser.visit('/my/account/email', { form: { ...form, current_password: PASSWORD } })
    expect(await test.stores.database.findAccountByEmail('ada@new.example')).toBeDefined()
  })

  it('V6.2.2 V6.2.3 V7.4.3 changes the password with the current one, and ends all other sessions', async () => {
    const other = new Browser(test)
    await other.signIn()
    const form = { current_password: PASSWORD, new_password: 'another horse entirely' }
    const wrong = await browser.visit('/my/account/password', { form: { ...form, current_password: 'no' } })
    expect([wrong.status, wrong.text.includes(form.new_password)]).toEqual([403, false])
    const former = browser.cookies.get('__Host-session')
    expect((await browser.visit('/my/account/password', { form })).location).toBe('/my/account')
    expect(browser.cookies.get('__Host-session')).not.toBe(former)
    expect([await isSignedIn(browser), await isSignedIn(other)]).toEqual([true, false])
    expect((await other.signIn({ password: form.new_password })).status).toBe(303)
  })

  it('V7.4.2 deletes the account when the box is ticked, and everything with it', async () => {
    const { status, text } = await browser.visit('/my/account/delete', { form: {} })
    expect([status, text.includes('id="delete-confirm-fault"')]).toEqual([422, true])
    const gone = await browser.visit('/my/account/delete', { form: { confirm: 'yes' } })
    expect([gone.location, gone.headers['clear-site-data']]).toEqual(['/signed-out', '"cache", "storage"'])
    expect(await test.stores.database.findAccountByEmail(EMAIL)).toBeUndefined()
    expect(await isSignedIn(browser)).toBe(false)
  })

  it('V7.5.1 asks for a new sign-in before it deletes after a while, and leads to it and back', async () => {
    test.clock.forward(16 * 60)
    const { status, text } = await browser.visit('/my/account/delete', { form: { confirm: 'yes' } })
    expect(status).toBe(422)
    const way = /href="(\/sign-in\?again=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect(way).toContain('return_to=%2Fmy%2Faccount')
    expect((await browser.visit(way)).status).toBe(200)
    await browser.signIn()
    expect((await browser.visit('/my/account/delete', { form: { confirm: 'yes' } })).location).toBe('/signed-out')
  })

  it('keeps what was typed when it cannot tell, but for passwords', async () => {
    test.clock.forward(60)
    test.breakStores(true)
    const form = { email: 'ada@new.example', current_password: PASSWORD }
    const { status, text, setCookies } = await browser.visit('/my/account/email', { form })
    expect([status, setCookies]).toEqual([503, []])
    expect(text).toContain('value="ada@new.example"')
    expect(text).not.toContain(PASSWORD)
    expect(text).toContain('action="/my/account/email"')
    test.breakStores(false)
    expect((await browser.visit('/my/account/email', { form })).location).toBe('/my/account')
  })
})
