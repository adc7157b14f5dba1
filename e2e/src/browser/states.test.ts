import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { whoAmI } from '../client.ts'
import { until } from '../harness.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene, STRATEGIES } from './scene.ts'
import { PASSWORD, type Tab } from './tab.ts'
import { Calls } from './tabs/calls.ts'

let scene: Scene
let calls: Calls
let user: BrowserContext
let account = 0
let email = ''

/** Every state so far, in words, as soon as the last one is this. */
async function toldUntil(tab: Tab, last: string): Promise<readonly string[]> {
  return until(async () => {
    const words = (await tab.told()).map(({ state: { status, reason, because } }) =>
      [status, reason ?? because].filter((word) => word !== undefined).join(': '),
    )
    return words.at(-1) === last ? words : undefined
  })
}

describe.skipIf(WITHOUT_CHROMIUM)('a page is told', () => {
  beforeAll(async () => {
    scene = await Scene.open()
    calls = new Calls(scene)
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
    email = `ada-${++account}@example.com`
  })
  afterEach(async () => {
    scene.proxy.decide = () => ({ fate: 'pass' })
    await user.close()
  })

  describe.each(STRATEGIES)('%s', (clientId) => {
    it('each state once, from the first visit to signing out, and so is another one', async () => {
      const [tab, other] = [await scene.openTab(user, { clientId }), await scene.openTab(user, { clientId })]
      await Promise.all([tab, other].map((each) => each.reaches('signed-out')))
      await tab.begin(email)
      await other.reaches('signed-in')
      await tab.use((auth) => auth.signOut())
      for (const each of [tab, other]) {
        const told = await toldUntil(each, 'signed-out: signed-out')
        expect(told).toEqual(['unknown', 'signed-out: none', 'signed-in', 'signed-out: signed-out'])
      }
    })

    it('that somebody is signed in, and never that nobody is, when it is opened again', async () => {
      const first = await scene.openTab(user, { clientId })
      await first.begin(email)
      await first.reload()
      expect(await toldUntil(first, 'signed-in')).toEqual(['unknown', 'signed-in'])
      const second = await scene.openTab(user, { clientId })
      expect(await toldUntil(second, 'signed-in')).toEqual(['unknown', 'signed-in'])
    })

    it('V7.2.4 who it is by now when somebody signs in over a session, in every tab; the former one ends', async () => {
      const [tab, other] = [await scene.openTab(user, { clientId }), await scene.openTab(user, { clientId })]
      await tab.begin(email)
      await Promise.all([tab, other].map((each) => each.reaches('signed-in')))
      const former = await tab.use((auth) => auth.getAccessToken())
      const next = await tab.use((auth, given) => auth.signIn(given).then(({ session }) => session.id), {
        email,
        password: PASSWORD,
      })
      for (const each of [tab, other]) {
        const listed = await each.use((auth) => auth.sessions.list().then((sessions) => sessions.map(({ id }) => id)))
        expect([listed, await each.wasSignedOut()]).toEqual([[next], false])
      }
      if (former === undefined) return
      const { body } = await whoAmI(scene.issuer, former)
      expect(body['code']).toBe('credential_ended')
    })

    it('that nobody can tell, why, and then who it is', async () => {
      const tab = await scene.openTab(user, { clientId })
      await tab.begin(email)
      scene.proxy.decide = ({ path }) => ({ fate: path === '/oauth/token' ? 'cut-request' : 'pass' })
      await tab.reload()
      expect(await toldUntil(tab, 'unknown: unavailable')).toEqual(['unknown', 'unknown: unavailable'])
      scene.proxy.decide = () => ({ fate: 'pass' })
      expect(await toldUntil(tab, 'signed-in')).toEqual(['unknown', 'unknown: unavailable', 'signed-in'])
    })
  })

  describe.each(['hybrid', 'stateless'])('%s', (clientId) => {
    const BEGUN = ['unknown', 'signed-out: none', 'signed-in'] as const

    it('that it is refreshing for as long as it is, and that its user is the same meanwhile', async () => {
      const [tab] = await calls.begin(user, 1, { clientId })
      let answer = (): void => undefined
      const answered = new Promise<void>((resolve) => (answer = resolve))
      await user.route(`${scene.issuer}/oauth/token`, async (route) => {
        await answered
        await route.continue()
      })
      calls.wantNewTokens()
      const called = calls.call(tab)
      expect(await toldUntil(tab, 'refreshing')).toEqual([...BEGUN, 'refreshing'])
      answer()
      expect(await called).toBe('200')
      expect(await toldUntil(tab, 'signed-in')).toEqual([...BEGUN, 'refreshing', 'signed-in'])
      const [before, during, after] = (await tab.told()).slice(-3).map(({ state }) => state)
      expect([during, after]).toEqual([{ ...before, status: 'refreshing' }, before])
    })

    it('the same in each tab, though only one of them refreshes', async () => {
      const tabs = await calls.begin(user, 3, { clientId })
      const before = await Promise.all(tabs.map((tab) => tab.statuses()))
      calls.wantNewTokens()
      await Promise.all(tabs.map((tab) => calls.call(tab)))
      for (const [at, tab] of tabs.entries())
        expect(await tab.statuses()).toEqual([...(before[at] ?? []), 'refreshing', 'signed-in'])
      expect(calls.refreshes().requests).toBe(1)
    })

    it('that its session goes on when a refresh fails, and that it is over when the server says so', async () => {
      const [tab] = await calls.begin(user, 1, { clientId })
      scene.proxy.decide = ({ path }) => ({ fate: path === '/oauth/token' ? 'cut-request' : 'pass' })
      calls.wantNewTokens()
      expect(await calls.call(tab)).toBe('network')
      expect(await toldUntil(tab, 'signed-in')).toEqual([...BEGUN, 'refreshing', 'signed-in'])
      scene.proxy.decide = () => ({ fate: 'pass' })
      await user.clearCookies()
      expect(await calls.call(tab)).toBe('401')
      const end = ['refreshing', 'signed-in', 'refreshing', 'signed-out: ended']
      expect(await toldUntil(tab, 'signed-out: ended')).toEqual([...BEGUN, ...end])
    })
  })
})
