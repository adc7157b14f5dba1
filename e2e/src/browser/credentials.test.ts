import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { readKept, type KeptValue } from './kept.ts'
import { Scene, STRATEGIES } from './scene.ts'
import type { Tab } from './tab.ts'
import { Calls } from './tabs/calls.ts'

/** A JWT, an opaque refresh token, a session token: as bytes of a key cannot look by chance. */
const CREDENTIAL = /eyJ[\w-]+\.|cf[rs]_/

const WAYS = STRATEGIES.flatMap((clientId) => (['off', 'auto'] as const).map((proof) => ({ clientId, proof })))

let scene: Scene
let calls: Calls
let user: BrowserContext

/** The API says twice that the token has expired: where there is one, the second time it is another. */
async function refresh(tab: Tab): Promise<void> {
  scene.proxy.passed.length = 0
  for (let times = 0; times < 2; times++) {
    calls.wantNewTokens()
    await calls.call(tab)
  }
  expect(calls.refreshes().successes).toBeGreaterThan(0)
}

/** The page finds nothing to call with, neither by its looks nor by what is known to be one now. */
async function holdsNoCredential(tab: Tab): Promise<void> {
  const kept = JSON.stringify(await readKept(tab.page))
  expect(kept).not.toMatch(CREDENTIAL)
  const secrets = (await user.cookies()).map(({ value }) => value)
  const token = await tab.use((auth) => auth.getAccessToken())
  for (const secret of [...secrets, ...(token === undefined ? [] : [token])]) {
    expect(secret).toMatch(CREDENTIAL)
    expect(kept).not.toContain(secret)
  }
}

/** What there is when nothing is kept but this. */
const only = (databases: readonly unknown[]) => ({
  cookies: '',
  localStorage: {},
  sessionStorage: {},
  databases,
  caches: [],
})

interface ReadKey {
  readonly type: string
  readonly extractable: boolean
  readonly exported: readonly unknown[]
}

const pairIn = ({ value }: KeptValue) =>
  JSON.parse(value) as { readonly privateKey: ReadKey; readonly publicKey: ReadKey }

async function openBlank(): Promise<Page> {
  const page = await user.newPage()
  await page.goto(`${scene.pages.origin()}/blank`)
  return page
}

describe.skipIf(WITHOUT_CHROMIUM)('credentials of a page', () => {
  beforeAll(async () => {
    scene = await Scene.open()
    calls = new Calls(scene)
  })
  afterAll(() => scene.close())
  beforeEach(async () => {
    user = await scene.newUser()
  })
  afterEach(() => user.close())

  it('are found by what looks for them here, wherever a script has put them', async () => {
    const page = await openBlank()
    await page.evaluate(async () => {
      for (const name of ['localStorage', 'sessionStorage'] as const) globalThis[name].setItem('a', `cfr_${name}`)
      document.cookie = 'a=cfr_cookie'
      await caches.open('cfr_caches')
      const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
      await new Promise((resolve) => {
        const opening = indexedDB.open('any', 1)
        opening.addEventListener('upgradeneeded', () => {
          opening.result.createObjectStore('values').put({ deep: ['cfr_database'] }, 'cfr_key')
          opening.result.createObjectStore('keys').put(pair, 'pair')
        })
        opening.addEventListener('success', () => resolve(opening.result.close()))
      })
    })
    const kept = await readKept(page)
    for (const place of ['localStorage', 'sessionStorage', 'cookie', 'caches', 'database', 'key'])
      expect(JSON.stringify(kept)).toContain(`cfr_${place}`)
    const [pair] = kept.databases.filter(({ key }) => key === '"pair"').map(pairIn)
    expect(JSON.stringify(pair?.privateKey.exported)).toContain('"d":')
  })

  describe.each(WAYS)('with a $clientId session (proof $proof)', (way) => {
    it('stand in no storage of its origin: the access token is in memory alone, and the cookie out of reach of scripts', async () => {
      const tab = await scene.openSignedIn(user, way)
      await holdsNoCredential(tab)
      await refresh(tab)
      await holdsNoCredential(tab)
      await tab.reload()
      await tab.reaches('signed-in')
      await holdsNoCredential(tab)
      const cookies = await user.cookies()
      expect(cookies).toHaveLength(1)
      expect(cookies).toMatchObject([{ httpOnly: true, secure: true }])
    })

    it('V14.3.1 are gone after signing out, and nothing is left but the key that proofs are made with', async () => {
      const tab = await scene.openSignedIn(user, way)
      await refresh(tab)
      expect((await tab.use((auth) => auth.signOut())).told).toBe(true)
      expect(await user.cookies()).toEqual([])
      const keys = way.proof === 'auto' ? [expect.objectContaining({ database: 'counterfoil' })] : []
      expect(await readKept(tab.page)).toEqual(only(keys))
    })
  })

  describe.each(['hybrid', 'stateless'])('bound to a key (%s)', (clientId) => {
    it('need a private key that no script can read', async () => {
      const tab = await scene.openSignedIn(user, { clientId, proof: 'auto' })
      await refresh(tab)
      const pairs = (await readKept(tab.page)).databases.map(pairIn)
      const refused = expect.stringContaining('InvalidAccessError')
      expect(pairs).toMatchObject([
        { privateKey: { type: 'private', extractable: false }, publicKey: { type: 'public', extractable: true } },
      ])
      expect(pairs[0]?.privateKey.exported).toEqual([
        refused,
        refused,
        expect.stringMatching('refused'),
        expect.stringMatching('refused'),
      ])
    })

    it('are worth nothing without it: the next page says that the key is lost', async () => {
      const tab = await scene.openSignedIn(user, { clientId, proof: 'auto' })
      await tab.page.close()
      const blank = await openBlank()
      await blank.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const request = indexedDB.deleteDatabase('counterfoil')
            request.addEventListener('success', resolve)
            request.addEventListener('error', reject)
          }),
      )
      const next = await scene.openTab(user, { clientId, proof: 'auto' })
      expect((await next.reaches('signed-out')).state).toEqual({ status: 'signed-out', reason: 'key-lost' })
    })
  })
})
