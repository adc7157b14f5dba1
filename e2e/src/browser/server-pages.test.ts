import { ROUTES } from '@counterfoil/protocol'
import type { Page, Response } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers, fitsNarrowScreen } from './accessibility.ts'
import { keepPictures } from './artefacts.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { tabTo, typeInto } from './keyboard.ts'
import {
  go,
  HANGUL,
  LANGUAGES,
  newEmail,
  openReader,
  pathOf,
  press,
  send,
  signIn,
  signUp,
  textOf,
  type ReaderOptions,
} from './reader.ts'
import { Scene } from './scene.ts'
import { PASSWORD } from './tab.ts'

/** Pages for everybody, and for those who are signed in. */
const OPEN = ['/sign-in', '/sign-up', '/signed-out'] as const
const OWN = ['/my/account', '/my/devices'] as const

let scene: Scene

/** What runs, is loaded and holds the page: nothing, what is its own, nobody. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

async function answerOf(response: Response): Promise<{ status: number; headers: Readonly<Record<string, string>> }> {
  return { status: response.status(), headers: await response.allHeaders() }
}

const visit = (options: ReaderOptions = {}): Promise<Page> => openReader(scene, options)

/** As the client of some application does. */
async function signInByInterface(email: string, label: string): Promise<void> {
  const json = { client_id: 'hybrid', email, password: PASSWORD, device_label: label }
  const response = await fetch(scene.issuer + ROUTES.sessions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  })
  expect(response.status).toBe(201)
}

describe.skipIf(WITHOUT_CHROMIUM)('the pages of the server', () => {
  beforeAll(async () => {
    scene = await Scene.open({ korean: true })
  })
  afterAll(() => scene.close())
  afterEach(async () => {
    for (const context of scene.browser.contexts()) await context.close()
  })

  describe.each(LANGUAGES)('in %s', (language) => {
    const look = async (page: Page, path: string): Promise<void> => {
      const requested = new Set<string>()
      page.on('request', (request) => requested.add(new URL(request.url()).origin))
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      const { status, headers } = await answerOf(await go(page, path))
      expect([pathOf(page), status, headers['cache-control']]).toEqual([path, 200, 'no-store'])
      expect(headers['content-security-policy']).toBe(POLICY)
      expect(await page.locator('html').getAttribute('lang')).toBe(language)
      expect(HANGUL.test(await page.locator('h1').first().innerText())).toBe(language === 'ko')
      await keepPictures(page, `${path.slice(1).replaceAll('/', '-')}-${language}`)
      expect(await fitsNarrowScreen(page)).toBe(true)
      expect(complaints).toEqual([])
      expect([...requested]).toEqual([scene.issuer])
      expect(await findBarriers(page)).toEqual([])
    }

    it.each(OPEN)('%s speaks it, has no barrier, fits every screen, and asks nobody else', async (path) => {
      await look(await visit({ language }), path)
    })

    it.each(OWN)('%s does so for whoever is signed in, and V7.4.4 offers to sign out', async (path) => {
      const page = await visit({ language })
      const email = await signUp(page)
      await signIn(await visit({ language: 'en' }), email)
      await signInByInterface(email, '거실 TV')
      await signInByInterface(email, 'A tablet with a name that is far longer than anything that fits beside another')
      await look(page, path)
      await page
        .getByRole('button', { name: language === 'ko' ? '로그아웃' : 'Sign out', exact: true })
        .first()
        .waitFor()
    })

    it('what is wrong is said without a barrier', async () => {
      const page = await visit({ language })
      await signIn(page, 'nobody@example.com', 'not the password')
      expect(pathOf(page)).toBe('/sign-in')
      expect(await page.locator('[name="email"]').inputValue()).toBe('nobody@example.com')
      expect(await page.locator('[name="password"]').inputValue()).toBe('')
      expect(await findBarriers(page)).toEqual([])
      await keepPictures(page, `sign-in-refused-${language}`)
    })
  })

  it('the language can be switched, and stays', async () => {
    const page = await visit({ language: 'en' })
    await go(page, '/sign-in')
    await page.getByText('한국어').first().click()
    await page.waitForLoadState()
    expect(await page.locator('html').getAttribute('lang')).toBe('ko')
    await go(page, '/sign-up')
    expect(await page.locator('html').getAttribute('lang')).toBe('ko')
  })

  it('V3.4.3 run no script of anybody, and are framed by nobody', async () => {
    const page = await visit()
    const response = await go(page, '/sign-in')
    const policy = response.headers()['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
  })

  describe.each([true, false])('with scripts allowed: %s', (withScript) => {
    it('somebody signs up, changes name, address and password, and signs in with the new ones', async () => {
      const page = await visit({ withScript })
      const email = await signUp(page)
      await send(page, { name: 'Ada Lovelace' })
      expect(await page.locator('[name="name"]').inputValue()).toBe('Ada Lovelace')
      const next = newEmail()
      await send(page, { email: next, current_password: PASSWORD })
      await go(page, '/my/account')
      expect(await textOf(page)).not.toContain(email)
      await send(page, { new_password: 'twelve owls in the barn', current_password: PASSWORD })
      await press(page, 'Sign out')
      expect(pathOf(page)).toBe('/signed-out')
      await signIn(page, next, 'twelve owls in the barn')
      await go(page, '/my/account')
      expect(pathOf(page)).toBe('/my/account')
    })

    it('V7.5.2 somebody sees where they are signed in, and ends one, all others, and everything', async () => {
      const [here, there, elsewhere] = [
        await visit({ withScript }),
        await visit({ withScript }),
        await visit({ withScript }),
      ]
      const email = await signUp(here)
      for (const page of [there, elsewhere]) await signIn(page, email)
      await go(here, '/my/devices')
      expect(await here.getByText('This device').count()).toBe(1)
      const ends = here.getByRole('button', { name: /^End the session/ })
      expect(await ends.count()).toBe(2)
      await ends.first().click()
      await here.waitForLoadState()
      expect(await ends.count()).toBe(1)
      const isIn = async (page: Page): Promise<boolean> => {
        await go(page, '/my/devices')
        return pathOf(page) === '/my/devices'
      }
      expect([await isIn(there), await isIn(elsewhere)].filter(Boolean)).toHaveLength(1)
      await press(here, 'End all others')
      expect([await isIn(there), await isIn(elsewhere), await isIn(here)]).toEqual([false, false, true])
      await press(here, 'End everything')
      expect(await isIn(here)).toBe(false)
    })

    it('V14.3.1 V14.3.2 the back button shows nothing private after signing out', async () => {
      const page = await visit({ withScript })
      const email = await signUp(page)
      expect(await page.content()).toContain(email)
      await go(page, '/my/devices')
      await press(page, 'Sign out')
      expect(pathOf(page)).toBe('/signed-out')
      expect(await page.context().cookies()).toEqual([])
      for (let steps = 0; steps < 3; steps++) {
        await page.goBack()
        expect(await page.content()).not.toContain(email)
        expect(await page.content()).not.toContain('This device')
      }
    })
  })

  it('V14.3.1 signing out clears what the origin has put away in the browser: storage, databases and caches', async () => {
    const passedBefore = scene.proxy.passed.length
    const page = await visit()
    await signUp(page)
    await page.evaluate(async () => {
      localStorage.setItem('name', 'Ada')
      sessionStorage.setItem('name', 'Ada')
      await (await caches.open('pages')).put('/mine', new Response('Ada'))
      await new Promise((resolve) => indexedDB.open('mine').addEventListener('success', resolve))
    })
    const kept = (): Promise<unknown> =>
      page.evaluate(async () => ({
        local: localStorage.length,
        session: sessionStorage.length,
        caches: await caches.keys(),
        databases: (await indexedDB.databases()).map(({ name }) => name),
      }))
    expect(await kept()).toEqual({ local: 1, session: 1, caches: ['pages'], databases: ['mine'] })
    const path = (await page.locator('link[rel="stylesheet"]').getAttribute('href')) ?? ''
    const timesFetched = (): number =>
      scene.proxy.passed.slice(passedBefore).filter((each) => each.path === path).length
    await go(page, path)
    expect(timesFetched()).toBe(1)
    await go(page, '/my/devices')
    await press(page, 'Sign out')
    expect(pathOf(page)).toBe('/signed-out')
    expect(await kept()).toEqual({ local: 0, session: 0, caches: [], databases: [] })
    await go(page, path)
    expect(timesFetched()).toBe(2)
  })

  it('can be used with the keyboard alone', async () => {
    const page = await visit()
    const email = newEmail()
    await go(page, '/sign-up')
    await typeInto(page, 'Email address', email)
    await typeInto(page, 'Password', PASSWORD)
    await tabTo(page, 'Create an account')
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname !== '/sign-up')
    await go(page, '/my/devices')
    await tabTo(page, 'Sign out')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/signed-out')
    await tabTo(page, 'Sign in again')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/sign-in*')
    await typeInto(page, 'Email address', email)
    await typeInto(page, 'Password', PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname !== '/sign-in')
    await go(page, '/my/account')
    expect(pathOf(page)).toBe('/my/account')
  })

  it('let the keyboard alone end a session, change the name, and switch the language', async () => {
    const page = await visit()
    await signIn(await visit(), await signUp(page))
    await go(page, '/my/devices')
    await tabTo(page, 'End the session')
    await page.keyboard.press('Enter')
    await page.getByRole('status').waitFor()
    expect(await page.getByRole('button', { name: /^End the session/ }).count()).toBe(0)
    await go(page, '/my/account')
    await typeInto(page, 'Name', 'Ada Lovelace')
    await page.keyboard.press('Enter')
    await page.getByRole('status').waitFor()
    expect(await page.locator('[name="name"]').inputValue()).toBe('Ada Lovelace')
    await tabTo(page, '한국어')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/my/account?lang=ko')
    await go(page, '/my/devices')
    const since = (await page.locator('time:not([title])').first().innerText()).replaceAll('\u202F', ' ')
    expect(since).toMatch(/^\d{4}\. \d{1,2}\. \d{1,2}\. (오전|오후) \d{1,2}:\d{2} UTC$/)
  })

  it('lead back to a page of a listed origin, and to no other', async () => {
    const page = await visit()
    const email = await signUp(page)
    await press(page, 'Sign out')
    const listed = `${scene.pages.origin()}/blank`
    await go(page, `/sign-in?return_to=${encodeURIComponent(listed)}`)
    await send(page, { email, password: PASSWORD })
    await page.waitForURL(listed)
    const foreign = await visit()
    await go(foreign, `/sign-in?return_to=${encodeURIComponent('http://evil.test/')}`)
    await send(foreign, { email, password: PASSWORD })
    expect(new URL(foreign.url()).origin).toBe(scene.issuer)
  })

  it('V3.5.1 refuse a form that a foreign page sends', async () => {
    const page = await visit()
    const email = await signUp(page)
    await go(page, '/my/devices')
    const other = await page.context().newPage()
    await other.goto(`${scene.pages.origin('127.0.0.1')}/blank`)
    const landed = other.waitForNavigation()
    await other.evaluate((action) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action })
      document.body.append(form)
      form.submit()
    }, `${scene.issuer}/sign-out`)
    expect((await landed)?.status()).toBeGreaterThanOrEqual(400)
    await go(page, '/my/account')
    expect(await page.content()).toContain(email)
  })
})
