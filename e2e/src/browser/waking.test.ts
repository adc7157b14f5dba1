import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../harness.ts'
import type { Passed } from './fault-proxy.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene, STRATEGIES } from './scene.ts'
import type { Tab } from './tab.ts'

let scene: Scene
let user: BrowserContext

/**
 * The events of a page that is looked at again, and of one that comes back as it was left. They are made: this Chromium has no windows to hide, and keeps no
 * page for the back button (`BackForwardCacheDisabledForDelegate`), even without `--disable-back-forward-cache`, which Playwright hands to it.
 */
const WAKINGS = {
  visibilitychange: (tab) => tab.page.evaluate(() => void document.dispatchEvent(new Event('visibilitychange'))),
  pageshow: (tab) =>
    tab.page.evaluate(() => void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))),
} satisfies Readonly<Record<string, (tab: Tab) => Promise<void>>>
const EVENTS = ['visibilitychange', 'pageshow'] as const

/** Pages come from the browser's own store, as those of an installed application do, and so even offline. */
async function storePages(): Promise<void> {
  // Of such a page the browser does not know that it is of this machine, as the issuer is.
  await user.grantPermissions(['local-network-access'])
  await user.route(`${scene.pages.origin()}/**`, async (route) => route.fulfill({ response: await route.fetch() }))
}

const refreshes = (): readonly Passed[] =>
  scene.proxy.passed.filter(({ method, path }) => method === 'POST' && path === '/oauth/token')

async function reachesBecause(tab: Tab, because: string): Promise<void> {
  await until(async () => ((await tab.told()).at(-1)?.state.because === because ? true : undefined))
}

describe.skipIf(WITHOUT_CHROMIUM)('a page that wakes up', () => {
  beforeAll(async () => {
    scene = await Scene.open({ policy: { access_token_seconds: 300 } })
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
  })
  afterEach(async () => {
    scene.proxy.decide = () => ({ fate: 'pass' })
    await user.close()
  })

  describe.each(STRATEGIES)('%s', (clientId) => {
    it('says that it is offline when it was opened so, and finds out who is signed in as soon as the network is back', async () => {
      await scene.openSignedIn(user, { clientId })
      await storePages()
      await user.setOffline(true)
      const tab = await scene.openTab(user, { clientId, asksAgain: false, lacks: ['BroadcastChannel'] })
      await reachesBecause(tab, 'offline')
      scene.proxy.passed.length = 0
      await user.setOffline(false)
      await tab.reaches('signed-in')
      expect(refreshes()).toHaveLength(1)
      expect(await tab.statuses()).toEqual(['unknown', 'unknown', 'signed-in'])
    })

    it.each(EVENTS)('asks again at %s where nobody could tell who is signed in', async (event) => {
      await scene.openSignedIn(user, { clientId })
      scene.proxy.decide = ({ path }) => ({ fate: path === '/oauth/token' ? 'cut-request' : 'pass' })
      const tab = await scene.openTab(user, { clientId, asksAgain: false, lacks: ['BroadcastChannel'] })
      await reachesBecause(tab, 'unavailable')
      scene.proxy.decide = () => ({ fate: 'pass' })
      scene.proxy.passed.length = 0
      await WAKINGS[event](tab)
      await tab.reaches('signed-in')
      expect(refreshes()).toHaveLength(1)
      expect(await tab.statuses()).toEqual(['unknown', 'unknown', 'signed-in'])
    })

    it.each(EVENTS)('knows at %s that another tab has signed out, though it heard nothing of it', async (event) => {
      await scene.openSignedIn(user, { clientId })
      const deaf = await scene.openTab(user, { clientId, lacks: ['BroadcastChannel'] })
      await deaf.reaches('signed-in')
      const other = await scene.openTab(user, { clientId })
      await other.reaches('signed-in')
      await other.use((auth) => auth.signOut())
      expect(await deaf.status()).toBe('signed-in')
      await WAKINGS[event](deaf)
      await deaf.reaches('signed-out')
      expect(await deaf.statuses()).toEqual(['unknown', 'signed-in', 'unknown', 'signed-out'])
    })
  })

  describe.each(['hybrid', 'stateless'])('%s', (clientId) => {
    it.each(EVENTS)('past the end of its token refreshes at %s, once, without being called', async (event) => {
      await user.clock.install()
      const tab = await scene.openSignedIn(user, { clientId })
      scene.proxy.passed.length = 0
      await user.clock.fastForward('01:00:00')
      expect(refreshes()).toHaveLength(0)
      await WAKINGS[event](tab)
      await until(async () => ((await tab.statuses()).length > 4 ? true : undefined))
      expect(await tab.statuses()).toEqual(['unknown', 'signed-out', 'signed-in', 'refreshing', 'signed-in'])
      await WAKINGS[event](tab)
      expect(await tab.use((auth) => auth.session().then(() => 'told'))).toBe('told')
      expect(refreshes().map(({ status }) => status)).toEqual([200])
    })
  })
})
