import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { installClocks, setClocks, type Clocks } from './clocks.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import type { Tab } from './tab.ts'
import { Calls } from './tabs/calls.ts'
import { REFRESHING } from './ways.ts'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
/** Less than a tenth of it is left after `NEARLY`, and some of it. */
const TOKEN_SECONDS = 300
const NEARLY = '04:40'

let scene: Scene
let calls: Calls
let user: BrowserContext

/** The refusals that these pages have met since, of a token that had expired. */
function collectRefusals(): readonly string[] {
  const refused: string[] = []
  user.on('response', (response) => {
    if (response.status() === 401) refused.push(response.url())
  })
  return refused
}

const askIssuer = (tab: Tab): Promise<string> => tab.use((auth) => auth.session().then(() => 'told'))

describe.skipIf(WITHOUT_CHROMIUM).each(REFRESHING)('a page with $clientId tokens (proof $proof)', (way) => {
  beforeAll(async () => {
    scene = await Scene.open({ policy: { access_token_seconds: TOKEN_SECONDS } })
    calls = new Calls(scene)
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
  })
  afterEach(() => user.close())

  const DAYS = [
    ['ahead', DAY_MS],
    ['behind', -DAY_MS],
  ] as const

  it.each(DAYS)('works on a device whose clock is a day %s', async (_name, wallMs) => {
    await installClocks(user, { wallMs })
    const [tab] = await calls.begin(user, 1, way)
    expect(Math.abs((await tab.page.evaluate(() => Date.now())) - Date.now() - wallMs)).toBeLessThan(60_000)
    for (let times = 0; times < 5; times++) expect(await calls.call(tab)).toBe('200')
    expect(calls.refreshes().requests).toBe(0)
    calls.wantNewTokens()
    expect(await calls.call(tab)).toBe('200')
    expect(await askIssuer(tab)).toBe('told')
    expect(calls.refreshes()).toMatchObject({ successes: 1, refusals: 0 })
    expect(await tab.wasSignedOut()).toBe(false)
  })

  it.each(DAYS)('goes on when its clock is set a day %s while it is open', async (name, wallMs) => {
    await installClocks(user)
    const [tab] = await calls.begin(user, 1, way)
    await setClocks(tab.page, { wallMs })
    for (let times = 0; times < 5; times++) expect(await calls.call(tab)).toBe('200')
    expect(await askIssuer(tab)).toBe('told')
    // Set ahead, it cannot be told from a long sleep: one refresh too many does no harm.
    expect(calls.refreshes()).toMatchObject({ successes: name === 'ahead' ? 1 : 0, refusals: 0 })
    calls.wantNewTokens()
    expect(await calls.call(tab)).toBe('200')
    expect(await askIssuer(tab)).toBe('told')
    expect(calls.refreshes().refusals).toBe(0)
    expect(await tab.wasSignedOut()).toBe(false)
  })

  it.each<readonly [string, Partial<Clocks>]>([
    ['though its monotonic clock stood still meanwhile', { wallMs: HOUR_MS }],
    ['though its clock was set back a day meanwhile', { wallMs: -DAY_MS, monotonicMs: HOUR_MS }],
  ])(
    'that slept past the end of its token refreshes first, and sends nothing that has expired, %s',
    async (_, slept) => {
      await installClocks(user)
      const [tab] = await calls.begin(user, 1, way)
      const refused = collectRefusals()
      await setClocks(tab.page, slept)
      calls.wantNewTokens()
      expect(await calls.call(tab)).toBe('200')
      expect(refused).toEqual([])
      expect(calls.refreshes()).toMatchObject({ successes: 1, refusals: 0 })
      expect(await tab.wasSignedOut()).toBe(false)
    },
  )

  it('that slept past the end of its token, as its clocks say, refreshes first', async () => {
    await user.clock.install()
    const [tab] = await calls.begin(user, 1, way)
    const refused = collectRefusals()
    await user.clock.fastForward('01:00:00')
    calls.wantNewTokens()
    expect(await calls.call(tab)).toBe('200')
    expect(refused).toEqual([])
    expect(calls.refreshes()).toMatchObject({ successes: 1, refusals: 0 })
    expect(await tab.wasSignedOut()).toBe(false)
  })

  it('refreshes a token that has nearly run out before it is used, once for ten tabs that call at the same time', async () => {
    await user.clock.install()
    const tabs = await calls.begin(user, 10, way)
    const refused = collectRefusals()
    await user.clock.fastForward(NEARLY)
    // The API would still take the one that they have.
    expect(await Promise.all(tabs.map((tab) => calls.call(tab)))).toEqual(tabs.map(() => '200'))
    expect(calls.refreshes()).toMatchObject({ successes: 1, refusals: 0, overlaps: 0 })
    expect(refused).toEqual([])
    for (const tab of tabs) expect(await tab.wasSignedOut()).toBe(false)
  })
})
