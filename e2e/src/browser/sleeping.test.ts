import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import { PASSWORD, type Tab } from './tab.ts'

/** How soon a page that wakes up knows. */
const SECOND_MS = 1000

let scene: Scene
let user: BrowserContext
let account = 0
let email = ''

async function begin(clientId: string): Promise<Tab> {
  const tab = await scene.openTab(user, { clientId })
  await tab.begin(email)
  await tab.reaches('signed-in')
  return tab
}

/** The page is put aside, as browsers do with those that nobody looks at: most of what it has to do waits. */
async function freeze(tab: Tab): Promise<() => Promise<void>> {
  const session = await user.newCDPSession(tab.page)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  return () => session.send('Page.setWebLifecycleState', { state: 'active' }).then(() => undefined)
}

/** Not one more statement of the page is carried out, as while a laptop sleeps, until it is woken: which it cannot be before it has had something to do. */
async function stop(tab: Tab): Promise<() => Promise<void>> {
  const session = await user.newCDPSession(tab.page)
  const stopped = new Promise<void>((resolve) => session.once('Debugger.paused', () => resolve()))
  await session.send('Debugger.enable')
  await session.send('Debugger.pause')
  return async () => {
    await stopped
    await session.send('Debugger.disable')
  }
}

const listSessions = (tab: Tab): Promise<string> =>
  tab.use((auth) =>
    auth.sessions.list().then(
      (sessions) => `${sessions.length} sessions`,
      (error: unknown) =>
        typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no code',
    ),
  )

describe.skipIf(WITHOUT_CHROMIUM).each(['hybrid', 'stateful', 'stateless'])('a page that slept (%s)', (clientId) => {
  beforeAll(async () => {
    scene = await Scene.open()
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
    email = `user-${++account}@example.com`
  })
  afterEach(() => user.close())

  it('knows within a second of waking that another tab has signed out meanwhile', async () => {
    const [sleeper, other] = [await begin(clientId), await scene.openTab(user, { clientId })]
    await other.reaches('signed-in')
    const wake = await stop(sleeper)
    await other.use((auth) => auth.signOut())
    const { at: leftAt } = await other.reaches('signed-out')
    const wokenAt = await other.page.evaluate(() => performance.timeOrigin + performance.now())
    await wake()
    const { at } = await sleeper.reaches('signed-out')
    expect(at).toBeGreaterThan(leftAt)
    expect(at - wokenAt).toBeLessThan(SECOND_MS)
  })

  it('finds out that its session was ended from elsewhere, and says so', async () => {
    const sleeper = await begin(clientId)
    const wake = await freeze(sleeper)
    const device = await scene.newUser()
    const elsewhere = await scene.openTab(device, { clientId })
    await elsewhere.use((auth, given) => auth.signIn(given).then(() => undefined), { email, password: PASSWORD })
    await elsewhere.use((auth) => auth.signOut({ everywhere: true }))
    await wake()
    await listSessions(sleeper)
    const { state } = await sleeper.reaches('signed-out')
    expect(state).toMatchObject({ status: 'signed-out', reason: 'ended' })
    await device.close()
  })

  it('takes nobody for signed out while it is offline, and goes on when it is online again', async () => {
    const tab = await begin(clientId)
    await user.setOffline(true)
    expect(await listSessions(tab)).toBe('network')
    expect(await tab.wasSignedOut()).toBe(false)
    await user.setOffline(false)
    await tab.reaches('signed-in')
    expect(await listSessions(tab)).toBe('1 sessions')
    expect(await tab.wasSignedOut()).toBe(false)
  })
})
