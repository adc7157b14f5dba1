import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import { Calls } from './tabs/calls.ts'
import { REFRESHING } from './ways.ts'

const TURNS = 5

let scene: Scene
let calls: Calls
let user: BrowserContext

describe.skipIf(WITHOUT_CHROMIUM)('tabs of a browser without Web Locks', () => {
  beforeAll(async () => {
    scene = await Scene.open()
    calls = new Calls(scene)
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
  })
  afterEach(() => user.close())

  describe.each(REFRESHING)('with $clientId tokens (proof $proof)', (way) => {
    it.each([2, 10])('take turns: %i that need a new token at the same time refresh once', async (count) => {
      const tabs = await calls.begin(user, count, { ...way, lacks: ['locks'] })
      expect(await tabs[0].page.evaluate('typeof navigator.locks')).toBe('undefined')
      for (let turn = 1; turn <= TURNS; turn++) {
        calls.wantNewTokens()
        expect(await Promise.all(tabs.map((tab) => calls.call(tab)))).toEqual(tabs.map(() => '200'))
        expect(calls.refreshes()).toMatchObject({ requests: turn, refusals: 0, overlaps: 0 })
      }
      for (const tab of tabs) expect([await tab.wasSignedOut(), await tab.status()]).toEqual([false, 'signed-in'])
    })
  })
})
