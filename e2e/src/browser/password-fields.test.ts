import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { go, newEmail, openReader, pathOf, press, signUp } from './reader.ts'
import { Scene } from './scene.ts'

/** As long as a password may be, unless the policy says otherwise. */
const LONGEST = 'a long password, pasted; '.repeat(11).slice(0, 256)

/** Every field for a password, by the form that it is in, and what managers are told of it. */
const FIELDS = [
  ['/sign-in', '/sign-in', 'password', 'current-password'],
  ['/sign-up', '/sign-up', 'password', 'new-password'],
  ['/my/account', '/my/account/email', 'current_password', 'current-password'],
  ['/my/account', '/my/account/password', 'current_password', 'current-password'],
  ['/my/account', '/my/account/password', 'new_password', 'new-password'],
] as const

let scene: Scene

/** Pastes from the clipboard, as people do out of a password manager. */
async function paste(page: Page, selector: string, text: string): Promise<void> {
  const source = page.locator('[name="email"]').first()
  const before = await source.inputValue()
  await source.fill(text)
  await source.press('ControlOrMeta+a')
  await source.press('ControlOrMeta+c')
  await source.fill(before)
  await page.locator(selector).press('ControlOrMeta+v')
}

describe.skipIf(WITHOUT_CHROMIUM)('a field for a password', () => {
  beforeAll(async () => {
    scene = await Scene.open()
  })
  afterAll(() => scene.close())
  afterEach(async () => {
    for (const context of scene.browser.contexts()) await context.close()
  })

  it.each(FIELDS)(
    'V6.2.6 V6.2.7 on %s, in the form for %s, masks %s, takes all of what is pasted, and tells managers: %s',
    async (path, form, name, autocomplete) => {
      const page = await openReader(scene)
      if (path === '/my/account') await signUp(page)
      await go(page, path)
      const selector = `form[action$="${form}"] [name="${name}"]`
      await paste(page, selector, LONGEST)
      const field = await page.locator(selector).evaluate((element) => {
        if (!(element instanceof HTMLInputElement)) throw new TypeError('it is no field')
        const { type, value, maxLength, readOnly, disabled, autocomplete } = element
        return { type, value, maxLength, readOnly, disabled, autocomplete }
      })
      const open = { maxLength: -1, readOnly: false, disabled: false }
      expect(field).toEqual({ type: 'password', value: LONGEST, autocomplete, ...open })
    },
  )

  it('V6.2.6 is among those that were looked at', async () => {
    const page = await openReader(scene)
    const found = async (path: string): Promise<readonly string[]> => {
      await go(page, path)
      const fields = await page.locator('[name*="password"], [type="password"]').all()
      return Promise.all(
        fields.map((field) =>
          field.evaluate(
            (element) => `${element.closest('form')?.getAttribute('action')} ${element.getAttribute('name')}`,
          ),
        ),
      )
    }
    const all = [...(await found('/sign-in')), ...(await found('/sign-up'))]
    await signUp(page)
    all.push(...(await found('/my/account')), ...(await found('/my/devices')))
    expect(all).toEqual(FIELDS.map(([, form, name]) => `${form} ${name}`))
  })

  it('V6.2.7 V6.2.9 makes an account by pasting, and signs in by pasting', async () => {
    const page = await openReader(scene)
    const email = newEmail()
    for (const [path, button] of [
      ['/sign-up', 'Create an account'],
      ['/sign-in', 'Sign in'],
    ] as const) {
      await go(page, path)
      await paste(page, '[name="password"]', LONGEST)
      await page.locator('[name="email"]').fill(email)
      await press(page, button)
      await page.waitForURL('**/my/devices')
      await press(page, 'Sign out')
      expect(pathOf(page)).toBe('/signed-out')
    }
  })
})
