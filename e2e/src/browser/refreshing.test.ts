import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Fate } from './fault-proxy.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import type { Tab } from './tab.ts'
import { Calls } from './tabs/calls.ts'
import { REFRESHING } from './ways.ts'

/** The client asks so often before it says that nobody can tell. */
const ATTEMPTS = 4
/** What the proxy says in `Retry-After` when it is unavailable. */
const RETRY_AFTER_MS = 1000

let scene: Scene
let calls: Calls
let user: BrowserContext

/** So many refreshes meet this fate; how many are left. */
function lose(count: number, fate: Fate): () => number {
  let left = count
  scene.proxy.decide = ({ path }) => {
    if (left === 0 || path !== '/oauth/token') return { fate: 'pass' }
    left--
    return { fate }
  }
  return () => left
}

/** How long it took from each refresh to the next one. */
function pauses(): readonly number[] {
  const refreshes = scene.proxy.passed.filter(({ method, path }) => method === 'POST' && path === '/oauth/token')
  return refreshes.slice(1).map(({ cameAt }, at) => cameAt - (refreshes[at]?.leftAt ?? 0))
}

async function isSignedIn(tabs: readonly Tab[]): Promise<void> {
  for (const tab of tabs) expect([await tab.wasSignedOut(), await tab.status()]).toEqual([false, 'signed-in'])
}

describe.skipIf(WITHOUT_CHROMIUM)('a client in a browser', () => {
  beforeAll(async () => {
    scene = await Scene.open()
    calls = new Calls(scene)
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
  })
  afterEach(async () => {
    scene.proxy.decide = () => ({ fate: 'pass' })
    await user.close()
  })

  describe.each(REFRESHING)('with $clientId tokens (proof $proof)', (way) => {
    it.each([2, 10])('refreshes once for %i tabs that need a new token at the same time', async (count) => {
      const tabs = await calls.begin(user, count, way)
      for (let turn = 1; turn <= 3; turn++) {
        calls.wantNewTokens()
        expect(await Promise.all(tabs.map((tab) => calls.call(tab)))).toEqual(tabs.map(() => '200'))
        expect(calls.refreshes()).toMatchObject({ requests: turn, refusals: 0, overlaps: 0 })
      }
    })

    // Of the three, the browser itself may make one good: it sends a request again when the connection that it was to use once more breaks.
    it.each(['cut-request', 'cut-answer', 'cut-body', 'unavailable'] satisfies Fate[])(
      'goes on when three refreshes are lost (%s), without a call of the page being lost: nobody is signed out',
      async (fate) => {
        const tabs = await calls.begin(user, 2, way)
        const left = lose(ATTEMPTS - 1, fate)
        calls.wantNewTokens()
        expect(await Promise.all(tabs.map((tab) => calls.call(tab)))).toEqual(['200', '200'])
        expect(left()).toBe(0)
        expect(calls.refreshes()).toMatchObject({ fates: { [fate]: ATTEMPTS - 1 }, refusals: 0, overlaps: 0 })
        if (fate === 'unavailable') for (const ms of pauses()) expect(ms).toBeGreaterThanOrEqual(RETRY_AFTER_MS)
        await isSignedIn(tabs)
      },
    )

    it.each([
      ['cut-answer', 'network'],
      ['unavailable', 'unavailable'],
    ] satisfies [Fate, string][])(
      'says so when it has asked four times in vain (%s), stays signed in, and goes on with the next call',
      async (fate, code) => {
        const tabs = await calls.begin(user, 1, way)
        lose(Infinity, fate)
        calls.wantNewTokens()
        expect(await calls.call(tabs[0])).toBe(code)
        expect(calls.refreshes().requests).toBeGreaterThanOrEqual(ATTEMPTS)
        await isSignedIn(tabs)
        lose(0, fate)
        expect(await calls.call(tabs[0])).toBe('200')
        expect(calls.refreshes()).toMatchObject({ refusals: 0, overlaps: 0 })
        await isSignedIn(tabs)
      },
    )
  })
})
