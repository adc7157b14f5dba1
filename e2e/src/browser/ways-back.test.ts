import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers, fitsNarrowScreen } from './accessibility.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import { PASSWORD } from './tab.ts'

let scene: Scene
let account = 0

async function visit({ language = 'en', withScript = true } = {}): Promise<Page> {
  const context = await scene.browser.newContext({ locale: language, javaScriptEnabled: withScript })
  context.setDefaultTimeout(8000)
  return context.newPage()
}

/** Makes an account by the form of sign-up, which leads where sign-in would. */
async function enter(page: Page, origin: string, returnTo: string): Promise<void> {
  await page.goto(`${origin}/sign-up?return_to=${encodeURIComponent(returnTo)}`)
  await page.locator('[name="email"]').fill(`walker-${++account}@example.com`)
  await page.locator('[name="password"]').fill(PASSWORD)
  await page.locator('form').getByRole('button').last().click()
}

const loopback = (): string => `http://127.0.0.1:${scene.proxy.port}`
const pathOf = (page: Page): string => new URL(page.url()).pathname

describe.skipIf(WITHOUT_CHROMIUM)('the way back from sign-in', () => {
  beforeAll(async () => {
    scene = await Scene.open({ korean: true })
    scene.pages.handlers.push(({ url }, response) => {
      if (url !== '/onwards') return false
      response.writeHead(302, { location: `${scene.pages.origin('127.0.0.1')}/blank` }).end()
      return true
    })
  })
  afterAll(() => scene.close())
  afterEach(async () => {
    for (const context of scene.browser.contexts()) await context.close()
  })

  it.each([true, false])(
    'reaches a listed origin that leads on to one that nobody lists; with scripts allowed: %s',
    async (withScript) => {
      const page = await visit({ withScript })
      await enter(page, scene.issuer, `${scene.pages.origin()}/onwards`)
      await page.waitForURL(`${scene.pages.origin('127.0.0.1')}/blank`)
      expect(await page.locator('body').innerText()).toBe('blank')
    },
  )

  it('reaches a page under the name of the host that somebody came by, where their cookie is', async () => {
    const page = await visit()
    for (const [returnTo, path] of [
      [`${scene.issuer}/my/account`, '/my/account'],
      ['https://evil.example/', '/my/devices'],
    ] as const) {
      await page.context().clearCookies()
      await enter(page, loopback(), returnTo)
      await page.waitForURL(loopback() + path)
      expect(await page.locator('h1').innerText()).toBe(path === '/my/account' ? 'Account' : 'Devices')
    }
  })

  it.each(['en', 'ko'])('says in %s that the browser kept no cookie, and leads to another try', async (language) => {
    const page = await visit({ language })
    // Over plain http from any other host than this machine, browsers keep no Secure cookie; nor do they say where a form comes from.
    await page.setExtraHTTPHeaders({ 'sec-fetch-site': 'same-origin' })
    await enter(page, `http://plain.test:${scene.proxy.port}`, '/my/account')
    await page.waitForURL('**/signed-in?*')
    expect(await page.context().cookies()).toEqual([])
    const title = await page.locator('h1').innerText()
    expect(title).toBe(
      language === 'en'
        ? 'Your browser keeps no cookies for this site'
        : '브라우저가 이 사이트의 쿠키를 저장하지 않습니다',
    )
    await page.locator('main a').click()
    await page.waitForURL('**/sign-in?return_to=*')
    // The header that stands in for the browser's keeps it from asking for the style.
    const styled = await visit({ language })
    await styled.goto(`${scene.issuer}/signed-in`)
    expect(await styled.locator('h1').innerText()).toBe(title)
    expect(await findBarriers(styled)).toEqual([])
    expect(await fitsNarrowScreen(styled)).toBe(true)
  })

  it('has no barrier where it asks for a password again, nor after everything and the account are gone', async () => {
    const page = await visit()
    for (const [form, at] of [
      ['/my/devices/end-all', '/my/devices'],
      ['/my/account/delete', '/my/account'],
    ] as const) {
      await enter(page, scene.issuer, at)
      await page.waitForURL(scene.issuer + at)
      await page.goto(`${scene.issuer}/sign-in?again&return_to=${at}`)
      expect(await findBarriers(page)).toEqual([])
      await page.goto(scene.issuer + at)
      expect(await findBarriers(page)).toEqual([])
      const box = page.locator('[name="confirm"]')
      if ((await box.count()) > 0) await box.check()
      await page.locator(`form[action="${form}"] button`).click()
      await page.waitForURL('**/signed-out')
      expect(await page.locator('main').innerText()).toContain('obey within')
      expect(await findBarriers(page)).toEqual([])
      expect(await fitsNarrowScreen(page)).toBe(true)
    }
  })

  it('puts the focus on what has been done, so that it is read out', async () => {
    const page = await visit()
    await enter(page, scene.issuer, '/my/account')
    await page.waitForURL('**/my/account')
    await page.locator('[name="name"]').fill('Ada Lovelace')
    await page.locator('form[action="/my/account/name"] button').click()
    await page.locator('[role="status"]').waitFor()
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Your name has been saved.')
    expect(pathOf(page)).toBe('/my/account')
    expect(await findBarriers(page)).toEqual([])
  })
})
