import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../harness.ts'
import type { Fate } from './fault-proxy.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import type { Tab, TabOptions } from './tab.ts'
import { readRefreshes } from './tabs/record.ts'
import { answerRounds } from './tabs/rounds.ts'

/** How long the server is down, after pages have noticed. A real minute in CI. */
const OUTAGE_MS = process.env['CI'] === 'true' ? 60_000 : 1000
const DAY_MS = 24 * 60 * 60 * 1000

/** The ways in which a client keeps somebody signed in by refreshing. */
const WAYS = [
  { clientId: 'hybrid', proof: 'off' },
  { clientId: 'hybrid', proof: 'auto' },
  { clientId: 'stateless', proof: 'off' },
] as const

let scene: Scene
let user: BrowserContext
let round = 0
let account = 0

/** Tabs of somebody who has just signed in. */
async function beginTabs(count: number, options: TabOptions): Promise<readonly Tab[]> {
  const first = await scene.openTab(user, options)
  await first.begin(`user-${++account}@example.com`)
  const others = await Promise.all(Array.from({ length: count - 1 }, () => scene.openTab(user, options)))
  const tabs = [first, ...others]
  await Promise.all(tabs.map((tab) => tab.reaches('signed-in')))
  // Every tab holds a token that this round has seen: the next round needs new ones.
  round++
  await Promise.all(tabs.map((tab) => callUntilServed(tab)))
  scene.proxy.passed.length = 0
  return tabs
}

function call(tab: Tab): Promise<string> {
  return tab.use(
    (auth, path) =>
      auth.fetch(path).then(
        ({ status }) => String(status),
        (error: unknown) => String(error),
      ),
    `/rounds/${round}`,
  )
}

function callUntilServed(tab: Tab): Promise<true> {
  return until(async () => ((await call(tab)) === '200' ? true : undefined))
}

const refreshes = () => readRefreshes(scene.proxy.passed)

describe.skipIf(WITHOUT_CHROMIUM)('a client in a browser', () => {
  beforeAll(async () => {
    scene = await Scene.open({ policy: { access_token_seconds: 300 } })
    scene.pages.handlers.push(answerRounds())
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
    scene.proxy.passed.length = 0
  })
  afterEach(async () => {
    scene.proxy.decide = () => ({ fate: 'pass' })
    await user.close()
  })

  describe.each(WAYS)('with $clientId tokens (proof $proof)', (way) => {
    it.each([2, 10])('refreshes once for %i tabs that need a new token at the same time', async (count) => {
      const tabs = await beginTabs(count, way)
      for (let turn = 1; turn <= 3; turn++) {
        round++
        expect(await Promise.all(tabs.map(call))).toEqual(tabs.map(() => '200'))
        expect(refreshes()).toMatchObject({ requests: turn, refusals: 0, overlaps: 0 })
      }
    })

    it.each(['cut-request', 'cut-answer', 'cut-body', 'unavailable'] satisfies Fate[])(
      'goes on when a refresh is lost (%s): nobody is signed out',
      async (fate) => {
        const tabs = await beginTabs(2, way)
        let isLost = false
        scene.proxy.decide = ({ path }) => {
          if (isLost || path !== '/oauth/token') return { fate: 'pass' }
          isLost = true
          return { fate }
        }
        round++
        await Promise.all(tabs.map(callUntilServed))
        expect(isLost).toBe(true)
        expect(refreshes()).toMatchObject({ fates: { [fate]: 1 }, refusals: 0 })
        for (const tab of tabs) expect([await tab.wasSignedOut(), await tab.status()]).toEqual([false, 'signed-in'])
      },
    )

    it.each([
      ['ahead', DAY_MS],
      ['behind', -DAY_MS],
    ])('works on a device whose clock is a day %s', async (_name, by) => {
      await user.addInitScript((by) => {
        const Real = Date
        globalThis.Date = new Proxy(Real, {
          construct: (target, given: []) => (given.length === 0 ? new target(target.now() + by) : new target(...given)),
          get: (target, name) => (name === 'now' ? () => target.now() + by : Reflect.get(target, name)),
        })
      }, by)
      const [tab] = await beginTabs(1, way)
      if (tab === undefined) throw new Error('there is no tab')
      expect(Math.abs((await tab.page.evaluate(() => Date.now())) - Date.now() - by)).toBeLessThan(60_000)
      for (let calls = 0; calls < 5; calls++) expect(await call(tab)).toBe('200')
      expect(refreshes().requests).toBe(0)
      round++
      expect(await call(tab)).toBe('200')
      expect(refreshes()).toMatchObject({ requests: 1, refusals: 0 })
      expect(await tab.wasSignedOut()).toBe(false)
    })

    it('that slept past the end of its token refreshes first, and sends nothing that has expired', async () => {
      await user.clock.install()
      const [tab] = await beginTabs(1, way)
      if (tab === undefined) throw new Error('there is no tab')
      const refused: number[] = []
      tab.page.on('response', (response) => {
        if (response.status() === 401) refused.push(response.status())
      })
      round++
      await user.clock.fastForward('01:00:00')
      expect(await call(tab)).toBe('200')
      expect(refused).toEqual([])
      expect(refreshes()).toMatchObject({ successes: 1, refusals: 0 })
      expect(await tab.wasSignedOut()).toBe(false)
    })
  })

  describe.each(['hybrid', 'stateful', 'stateless'])('whose server is down (%s)', (clientId) => {
    afterEach(() => scene.startIssuer())

    it('takes nobody for signed out, neither in a page that was open nor after a reload, and goes on when it is back', async () => {
      const tab = await scene.openTab(user, { clientId })
      await tab.begin(`user-${++account}@example.com`)
      await tab.reaches('signed-in')
      await scene.stopIssuer('SIGKILL')
      const asked = await tab.use((auth) =>
        auth.session().then(
          () => 'told',
          (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : 'no code'),
        ),
      )
      expect(asked).toBe('network')
      expect([await tab.status(), await tab.wasSignedOut()]).toEqual(['signed-in', false])
      await tab.reload()
      await until(async () => ((await tab.told()).at(-1)?.state.because === 'unavailable' ? true : undefined))
      expect(await tab.status()).toBe('unknown')
      await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS))
      expect(await tab.status()).toBe('unknown')
      await scene.startIssuer()
      await tab.reaches('signed-in')
      expect(await tab.use((auth) => auth.sessions.list().then(({ length }) => length))).toBe(1)
      expect((await tab.told()).map(({ state }) => state.status)).not.toContain('signed-out')
    }, 120_000)
  })
})
