import { ROUTES } from '@counterfoil/protocol'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers, fitsNarrowScreen } from './accessibility.ts'
import { keepPictures } from './artefacts.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { tabTo, typeInto } from './keyboard.ts'
import { Scene } from './scene.ts'
import { PASSWORD } from './tab.ts'

const LANGUAGES = ['en', 'ko'] as const
type Language = (typeof LANGUAGES)[number]

/** Pages for everybody, and for those who are signed in. */
const OPEN = ['/sign-in', '/sign-up', '/signed-out'] as const
const OWN = ['/my/account', '/my/devices'] as const

const HANGUL = /[가-힣]/

let scene: Scene
let account = 0

interface Visit {
  readonly language?: Language
  readonly withScript?: boolean
}

/** A page in a browser of its own. */
async function visit({ language = 'en', withScript = true }: Visit = {}): Promise<Page> {
  const context = await scene.browser.newContext({ locale: language, javaScriptEnabled: withScript })
  context.setDefaultTimeout(8000)
  return context.newPage()
}

const newEmail = (): string => `user-${++account}@example.com`
const pathOf = (page: Page): string => new URL(page.url()).pathname
const textOf = (page: Page): Promise<string> => page.locator('body').innerText()

async function go(page: Page, path: string): Promise<void> {
  await page.goto(scene.issuer + path)
}

/** Fills in the form that has these fields, by their names, and sends it. */
async function send(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  const [first = ''] = Object.keys(fields)
  const form = page.locator('form', { has: page.locator(`[name="${first}"]`) })
  for (const [name, value] of Object.entries(fields)) await form.locator(`[name="${name}"]`).fill(value)
  await form.getByRole('button').last().click()
  await page.waitForLoadState()
}

/** Makes an account on the page for it, after which somebody is signed in. */
async function signUp(page: Page, email = newEmail()): Promise<string> {
  await go(page, '/sign-up')
  await send(page, { email, password: PASSWORD })
  await go(page, '/my/account')
  expect(pathOf(page)).toBe('/my/account')
  return email
}

async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await go(page, '/sign-in')
  await send(page, { email, password })
}

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

const press = async (page: Page, name: string | RegExp): Promise<void> => {
  await page.getByRole('button', { name }).first().click()
  await page.waitForLoadState()
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
      await go(page, path)
      expect(pathOf(page)).toBe(path)
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
    const response = await page.goto(`${scene.issuer}/sign-in`)
    const policy = response?.headers()['content-security-policy'] ?? ''
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

  it('lead back to a page of a listed origin, and to no other', async () => {
    const page = await visit()
    const email = await signUp(page)
    await press(page, 'Sign out')
    const listed = `${scene.pages.origin()}/blank`
    await go(page, `/sign-in?return_to=${encodeURIComponent(listed)}`)
    await send(page, { email, password: PASSWORD })
    expect(page.url()).toBe(listed)
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
