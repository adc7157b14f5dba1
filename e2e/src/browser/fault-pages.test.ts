import { DatabaseSync } from 'node:sqlite'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers, fitsNarrowScreen } from './accessibility.ts'
import { keepPictures } from './artefacts.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { go, HANGUL, LANGUAGES, newEmail, openReader, pathOf, send, signIn, signUp } from './reader.ts'
import { Scene } from './scene.ts'
import { PASSWORD } from './tab.ts'

const NEW_PASSWORD = 'twelve owls in the barn'

/** Words of English in a row. */
const WORDS = /[a-z]{2,} [a-z]{2,}/i

let scene: Scene

/** Sends an empty form from a page of another site; the status of the answer, on which the page then is. */
async function sendFromElsewhere(page: Page, path: string): Promise<number | undefined> {
  await page.goto(`${scene.pages.origin('127.0.0.1')}/blank`)
  const landed = page.waitForNavigation()
  await page.evaluate((action) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action })
    document.body.append(form)
    form.submit()
  }, scene.issuer + path)
  return (await landed)?.status()
}

/** Keeps the store from writing, as another process that holds its lock does. */
function lockStore(): Disposable {
  const database = new DatabaseSync(scene.databaseFile)
  database.exec('BEGIN IMMEDIATE')
  return { [Symbol.dispose]: () => database.close() }
}

describe.skipIf(WITHOUT_CHROMIUM).each(LANGUAGES)('what the pages say in %s', (language) => {
  beforeAll(async () => {
    scene = await Scene.open({ korean: true, policy: { sign_in_attempts_per_source: 2 } })
  })
  afterAll(() => scene.close())
  afterEach(async () => {
    for (const context of scene.browser.contexts()) await context.close()
  })

  /** The notice is there in the reader's language, and everybody can read it. */
  const look = async (page: Page, role: 'alert' | 'status', name: string): Promise<void> => {
    const notice = await page.locator(`[role="${role}"]`).first().innerText()
    expect([WORDS.test(notice), HANGUL.test(notice)]).toEqual([language === 'en', language === 'ko'])
    expect(await page.locator('html').getAttribute('lang')).toBe(language)
    await keepPictures(page, `${name}-${language}`)
    expect(await fitsNarrowScreen(page)).toBe(true)
    expect(await findBarriers(page)).toEqual([])
  }

  it('to a form of a foreign page (403) has no barrier', async () => {
    const page = await openReader(scene, { language })
    expect(await sendFromElsewhere(page, '/my/account/name')).toBe(403)
    await look(page, 'alert', 'fault-foreign')
  })

  it('after too many attempts (429) has no barrier, and tells when to try again', async () => {
    const page = await openReader(scene, { language })
    const email = newEmail()
    for (let round = 0; round < 2; round++) await signIn(page, email, 'not the password')
    await go(page, '/sign-in')
    const answered = page.waitForResponse((response) => response.request().method() === 'POST')
    await send(page, { email, password: 'not the password' })
    expect((await answered).status()).toBe(429)
    expect(await page.getByRole('alert').innerText()).toMatch(/\d+/)
    await look(page, 'alert', 'fault-throttled')
  })

  it('while the store is away (503) has no barrier, and the form can be sent again with all but its password', async () => {
    const page = await openReader(scene, { language })
    // SQLite waits for a lock for some seconds before it gives up.
    page.setDefaultTimeout(25_000)
    const email = await signUp(page)
    await page.context().clearCookies()
    await go(page, '/sign-in')
    {
      using _lock = lockStore()
      const answered = page.waitForResponse((response) => response.request().method() === 'POST')
      await send(page, { email, password: PASSWORD })
      expect((await answered).status()).toBe(503)
      await look(page, 'alert', 'fault-unavailable')
      expect(await page.locator('[name="email"]').inputValue()).toBe(email)
      expect(await page.locator('[name="password"]').inputValue()).toBe('')
    }
    await send(page, { email, password: PASSWORD })
    await page.waitForURL('**/my/devices')
  }, 60_000)

  it.each([
    ['name', { name: 'x'.repeat(201) }],
    ['email', { email: 'nowhere', current_password: '' }],
    ['password', { current_password: 'not the password', new_password: NEW_PASSWORD }],
    ['delete', {}],
  ])('of a wrong %s has no barrier, stands at its field, and changes nothing', async (form, fields) => {
    const page = await openReader(scene, { language })
    const email = await signUp(page)
    const sent = page.locator(`form[action$="/my/account/${form}"]`)
    for (const [name, value] of Object.entries(fields)) await sent.locator(`[name="${name}"]`).fill(value)
    await sent.getByRole('button').click()
    await page.waitForURL(`**/my/account/${form}`)
    expect(await page.locator('[aria-invalid="true"]').count()).toBeGreaterThan(0)
    await look(page, 'alert', `account-${form}-refused`)
    await go(page, '/my/account')
    expect(await page.locator('[name="email"]').inputValue()).toBe(email)
    expect(await page.locator('[name="name"]').inputValue()).toBe('')
  })

  it.each([
    ['name', () => ({ name: 'Ada Lovelace' })],
    ['email', () => ({ email: newEmail(), current_password: PASSWORD })],
    ['password', () => ({ current_password: PASSWORD, new_password: NEW_PASSWORD })],
  ])('of a changed %s has no barrier', async (form, fieldsOf) => {
    const page = await openReader(scene, { language })
    await signUp(page)
    await send(page, fieldsOf())
    await page.getByRole('status').waitFor()
    await look(page, 'status', `account-${form}-done`)
  })

  it.each(['ended', 'others'])('of sessions that were ended (%s) has no barrier', async (done) => {
    const [page, other] = [await openReader(scene, { language }), await openReader(scene, { language })]
    await signIn(other, await signUp(page))
    await go(page, '/my/devices')
    await page.locator(`form[action$="/${done === 'ended' ? 'end' : 'end-others'}"] button`).click()
    await page.getByRole('status').waitFor()
    await look(page, 'status', `devices-${done}-done`)
    await go(other, '/my/devices')
    expect(pathOf(other)).toBe('/sign-in')
  })
})
