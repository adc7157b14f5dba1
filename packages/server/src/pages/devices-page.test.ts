import { beforeEach, describe, expect, it } from 'vitest'
import { present, refresh, signIn, type TestServer } from '../server.fixture.ts'
import { Browser, openPages, readText } from './pages.fixture.ts'

let test: TestServer
let browser: Browser
beforeEach(async () => {
  test = await openPages()
  browser = new Browser(test)
  await browser.signIn()
})

const STALE_SECONDS = 16 * 60
const AGAIN = '/sign-in?again=&return_to=%2Fmy%2Fdevices'

describe('the page of devices', () => {
  it('never claims that there is no other session, and ends also those that leave no record', async () => {
    const stateless = await signIn(test, 'stateless')
    const { text } = await browser.visit('/my/devices')
    expect(readText(text)).not.toMatch(/nowhere else|no other/)
    expect(readText(text)).toContain('so those are not listed above. Both buttons end them too.')
    expect(text).toContain('action="/my/devices/end-others"')
    await browser.visit('/my/devices/end-others', { form: {} })
    expect((await refresh(test, 'stateless', present(stateless.refreshToken))).body['error']).toBe('invalid_grant')
  })

  it('V7.5.2 asks for a new sign-in before it ends the sessions of others, says why, and leads back', async () => {
    const phone = await signIn(test, 'stateful')
    test.clock.forward(STALE_SECONDS)
    for (const [path, form] of [
      ['/my/devices/end', { session: phone.sessionId }],
      ['/my/devices/end-others', {}],
      ['/my/devices/end-all', {}],
    ] as const) {
      const { status, location, setCookies } = await browser.visit(path, { form })
      expect([status, location, setCookies]).toEqual([303, AGAIN, []])
    }
    expect((await test.call({ path: '/sessions/current', token: phone.token })).status).toBe(200)
    const { text } = await browser.visit(AGAIN)
    expect(readText(text)).toContain('To be sure that it is you')
    expect(text).toContain('name="again"')
    const back = await browser.follow(await browser.signIn({ again: '', return_to: '/my/devices' }))
    expect(back.url).toBe('/my/devices')
    await browser.visit('/my/devices/end', { form: { session: phone.sessionId } })
    expect((await test.call({ path: '/sessions/current', token: phone.token })).status).toBe(401)
  })

  it('V7.4.1 lets everybody sign out of where they are, however long ago they signed in', async () => {
    const account = present(await test.stores.database.findAccountByEmail('ada@example.com'))
    const [own] = await test.stores.sessions.list(account.id, test.clock.now())
    test.clock.forward(STALE_SECONDS)
    const answer = await browser.visit('/my/devices/end', { form: { session: present(own).id } })
    expect(answer.location).toBe('/signed-out')
    expect(await test.stores.sessions.list(account.id, test.clock.now())).toEqual([])
  })

  it('says that the session in use is used now, and of others no more than it knows', async () => {
    await signIn(test, 'shop')
    expect(readText((await browser.visit('/my/devices')).text)).not.toContain('or later')
    test.clock.forward(3600)
    const read = readText((await browser.visit('/my/devices')).text)
    expect(read).toMatch(/Last seen now/)
    expect(read.match(/1 hour ago or later/g)).toHaveLength(1)
    expect(readText((await browser.visit('/my/devices', { language: 'ko' })).text)).toContain('1시간 전 또는 그 이후')
  })

  it('tells sessions of the same name apart for those who hear the buttons', async () => {
    await signIn(test, 'shop', { headers: { 'user-agent': 'curl/8.1' } })
    await signIn(test, 'shop', { headers: { 'user-agent': 'curl/8.1' } })
    const { text } = await browser.visit('/my/devices')
    const described = [...text.matchAll(/aria-describedby="(facts-[^"]+)"/g)].map(([, id]) => id)
    expect(new Set(described).size).toBe(2)
    for (const id of described) expect(text).toContain(`id="${id}"`)
  })

  it('lists so many sessions and no more, and says how many it leaves out', async () => {
    for (let round = 0; round < 104; round++) await signIn(test, 'stateful')
    const { text } = await browser.visit('/my/devices')
    expect(text.match(/<li class="card device">/g)).toHaveLength(100)
    expect(text.match(/This device/g)).toHaveLength(1)
    expect(readText(text)).toContain('Older sessions that are not shown: 5.')
  })
})
