import { describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import type { Tab, TabOptions } from './tab.ts'
import { Calls } from './tabs/calls.ts'
import { readStore } from './tabs/store.ts'

/** A client gives up on an answer after 7 seconds, and on a tab that holds the lock after 15; the rest is for a busy machine. */
const [ANSWER_MS, LOCK_MS, SLACK_MS] = [7000, 15_000, 5000]

/** Of these the server keeps a generation that can be compared. */
const WAYS = [
  { clientId: 'hybrid', proof: 'off' },
  { clientId: 'hybrid', proof: 'auto' },
] as const

/** Three tabs that need a new token. */
class Company {
  readonly scene: Scene
  readonly calls: Calls
  readonly tabs: readonly [Tab, ...Tab[]]

  private constructor(scene: Scene, calls: Calls, tabs: readonly [Tab, ...Tab[]]) {
    this.scene = scene
    this.calls = calls
    this.tabs = tabs
  }

  static async open(options: TabOptions): Promise<Company> {
    const scene = await Scene.open()
    const calls = new Calls(scene)
    const tabs = await calls.begin(await scene.newUser(), 3, options)
    calls.wantNewTokens()
    return new Company(scene, calls, tabs)
  }

  /** So many refreshes hang; resolves when the first of them has come. */
  hang(count: number): Promise<void> {
    let left = count
    return new Promise((resolve) => {
      this.scene.proxy.decide = ({ path }) => {
        if (path !== '/oauth/token' || left === 0) return { fate: 'pass' }
        left--
        resolve()
        return { fate: 'hang' }
      }
    })
  }

  /** The first tab calls, and when its refresh has come by the others; what each is answered, and after how many milliseconds. */
  async call(came: Promise<void>): Promise<readonly { readonly status: string; readonly afterMs: number }[]> {
    const [first, ...others] = this.tabs
    const begunAt = performance.now()
    const timed = async (tab: Tab) => ({ status: await this.calls.call(tab), afterMs: performance.now() - begunAt })
    const leading = timed(first)
    await came
    return Promise.all([leading, ...others.map(timed)])
  }
}

/** Nobody is signed out, and the store is where the browser is. */
async function isInOrder({ scene, calls, tabs }: Company): Promise<void> {
  for (const tab of tabs.filter(({ page }) => !page.isClosed()))
    expect([await tab.wasSignedOut(), await tab.status()]).toEqual([false, 'signed-in'])
  const { refusals, successors, lastGeneration } = calls.refreshes()
  expect(refusals).toBe(0)
  for (const tokens of successors.values()) expect(tokens.size).toBe(1)
  expect(await readStore(scene)).toEqual({ generation: lastGeneration, alarms: [] })
}

// They only wait, and so do it together.
describe.skipIf(WITHOUT_CHROMIUM).concurrent.each(WAYS)(
  'tabs whose refresh is not answered ($clientId, proof $proof)',
  { timeout: 60_000 },
  (way) => {
    it('ask again after seven seconds, once for all, and go on', async ({ onTestFinished }) => {
      const company = await Company.open(way)
      onTestFinished(() => company.scene.close())
      for (const { status, afterMs } of await company.call(company.hang(1))) {
        expect(status).toBe('200')
        expect(afterMs).toBeGreaterThanOrEqual(ANSWER_MS)
        expect(afterMs).toBeLessThan(ANSWER_MS + SLACK_MS)
      }
      expect(company.calls.refreshes()).toMatchObject({ fates: { hang: 1, pass: 1 }, replays: 1, overlaps: 0 })
      await isInOrder(company)
    })

    it('wait fifteen seconds for the one that hangs, and then go on without it, which does no harm to it', async ({
      onTestFinished,
    }) => {
      const company = await Company.open(way)
      onTestFinished(() => company.scene.close())
      const [leading, ...others] = await company.call(company.hang(3))
      for (const { status, afterMs } of others) {
        expect(status).toBe('200')
        expect(afterMs).toBeGreaterThanOrEqual(LOCK_MS)
        expect(afterMs).toBeLessThan(leading?.afterMs ?? 0)
      }
      expect(leading).toMatchObject({ status: '200' })
      expect(company.calls.refreshes().fates).toMatchObject({ hang: 3 })
      await isInOrder(company)
    })

    it('ask for the last time while the issuer still answers the token again: three answers in a row that hang sign nobody out', async ({
      onTestFinished,
    }) => {
      const company = await Company.open(way)
      onTestFinished(() => company.scene.close())
      const [first] = company.tabs
      void company.hang(3)
      expect(await company.calls.call(first)).toBe('200')
      expect(company.calls.refreshes().fates).toMatchObject({ hang: 3, pass: 1 })
      await isInOrder(company)
    })

    it('go on at once when the one that asked is closed', async ({ onTestFinished }) => {
      const company = await Company.open(way)
      onTestFinished(() => company.scene.close())
      const { calls } = company
      const [first, ...others] = company.tabs
      const came = company.hang(1)
      const begunAt = performance.now()
      const lost = calls.call(first).catch(() => 'closed')
      await came
      const waiting = others.map((tab) => calls.call(tab))
      await first.page.close()
      expect(await lost).toBe('closed')
      expect(await Promise.all(waiting)).toEqual(['200', '200'])
      expect(performance.now() - begunAt).toBeLessThan(ANSWER_MS)
      expect(calls.refreshes()).toMatchObject({ fates: { hang: 1, pass: 1 }, overlaps: 0 })
      await isInOrder(company)
    })
  },
)
