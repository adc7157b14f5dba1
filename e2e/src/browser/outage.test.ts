import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../harness.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene, STRATEGIES } from './scene.ts'
import type { Tab } from './tab.ts'

/** How long it lasts, after pages have noticed. A real minute in CI. */
const OUTAGE_MS = process.env['CI'] === 'true' ? 60_000 : 1000

let scene: Scene
let users: readonly BrowserContext[] = []
let account = 0

async function meet(fate: 'unavailable' | 'pass'): Promise<void> {
  scene.proxy.decide = () => ({ fate })
}

/** Somebody with one tab that stays as it is, and one that is loaded anew. */
interface Somebody {
  readonly open: Tab
  readonly reloaded: Tab
}

async function begin(user: BrowserContext, clientId: string): Promise<Somebody> {
  const open = await scene.openTab(user, { clientId })
  await open.begin(`user-${++account}@example.com`)
  // It must find out for itself: others would tell it who is signed in.
  const reloaded = await scene.openTab(user, { clientId, lacks: ['BroadcastChannel'] })
  await Promise.all([open, reloaded].map((tab) => tab.reaches('signed-in')))
  return { open, reloaded }
}

async function cannotTell(tab: Tab): Promise<void> {
  await until(async () => ((await tab.told()).at(-1)?.state.because === 'unavailable' ? true : undefined))
}

const ask = (tab: Tab): Promise<unknown> =>
  tab.use((auth) =>
    auth.session().then(
      () => 'told',
      (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : 'no code'),
    ),
  )

/** What an outage is to those who call, and how it begins and ends. */
const OUTAGES = [
  {
    what: 'nothing listens',
    code: 'network',
    begin: () => scene.stopIssuer('SIGKILL'),
    end: () => scene.startIssuer(),
  },
  { what: 'it answers 503', code: 'unavailable', begin: () => meet('unavailable'), end: () => meet('pass') },
] as const

describe.skipIf(WITHOUT_CHROMIUM)('pages whose server is down', () => {
  beforeAll(async () => {
    scene = await Scene.open()
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    users = await Promise.all(STRATEGIES.map(() => scene.newUser()))
  })
  afterEach(async () => {
    await meet('pass')
    await scene.startIssuer()
    await Promise.all(users.map((user) => user.close()))
  })

  // All strategies at once, so that a minute is one minute.
  it.each(OUTAGES)(
    'take nobody for signed out while $what, neither those that stay open nor those that are loaded anew, and go on when it is back',
    async ({ code, begin: beginOutage, end }) => {
      const people = await Promise.all(users.map((user, at) => begin(user, STRATEGIES[at] ?? 'hybrid')))
      const allAre = async (open: string, reloaded: string): Promise<void> => {
        for (const each of people)
          expect([await each.open.status(), await each.reloaded.status()]).toEqual([open, reloaded])
      }
      await beginOutage()
      expect(await Promise.all(people.map(({ open }) => ask(open)))).toEqual(STRATEGIES.map(() => code))
      await Promise.all(people.map(({ reloaded }) => reloaded.reload()))
      await Promise.all(people.map(({ reloaded }) => cannotTell(reloaded)))
      await allAre('signed-in', 'unknown')
      await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS))
      await allAre('signed-in', 'unknown')
      await end()
      await Promise.all(people.map(({ reloaded }) => reloaded.reaches('signed-in')))
      for (const tab of people.flatMap(({ open, reloaded }) => [open, reloaded])) {
        expect(await ask(tab)).toBe('told')
        expect(await tab.use((auth) => auth.sessions.list().then(({ length }) => length))).toBe(1)
        expect([await tab.status(), await tab.wasSignedOut()]).toEqual(['signed-in', false])
      }
      for (const { reloaded } of people) expect(await reloaded.statuses()).not.toContain('signed-out')
    },
    180_000,
  )
})
