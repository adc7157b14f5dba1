import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers, fitsNarrowScreen } from './accessibility.ts'
import { openChromium } from './chromium.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { tabTo } from './keyboard.ts'

/** What looks for faults must find those that are put there on purpose. */
describe.skipIf(WITHOUT_CHROMIUM)('what pages are looked at with', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openChromium({ korean: true })
  })
  afterAll(() => browser.close())

  const show = async (body: string) => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.setContent(`<!doctype html><html lang="en"><title>a</title><main><h1>a</h1>${body}</main></html>`)
    return page
  }

  it('sees no barrier where there is none, and those that there are', async () => {
    expect(await findBarriers(await show('<p>a text</p>'))).toEqual([])
    const found = await findBarriers(await show('<input><p style="color:#bbb">faint</p>'))
    for (const rule of ['light: label', 'dark: label', 'light: color-contrast'])
      expect(found.some((each) => each.startsWith(rule))).toBe(true)
    const wide = await findBarriers(
      await show('<style>@media (width > 999px) { p { color: #bbb } }</style><p>a text</p>'),
    )
    expect(wide.map((each) => /color-contrast.*, (\d+) wide/.exec(each)?.[1])).toEqual(['1280', '1280'])
  })

  it('sees what sticks out of a narrow screen', async () => {
    expect(await fitsNarrowScreen(await show('<p>a text</p>'))).toBe(true)
    expect(await fitsNarrowScreen(await show('<div style="width: 400px">a</div>'))).toBe(false)
  })

  it('comes to what the keyboard reaches, to nothing else, and wants the focus to be seen', async () => {
    const page = await show(
      '<button>one</button><span onclick="1">two</span><button style="outline:none">three</button>',
    )
    await tabTo(page, 'one')
    await expect(tabTo(page, 'two')).rejects.toThrow('no "two" on the way')
    await expect(tabTo(page, 'three')).rejects.toThrow('nobody sees')
  })

  it('draws Korean: different letters are different pictures', async () => {
    const page = await show('<p id="a" style="font: 40px sans-serif">가</p>')
    const draw = async (text: string): Promise<string> => {
      await page.locator('#a').evaluate((element, text) => void (element.textContent = text), text)
      return (await page.locator('#a').screenshot()).toString('base64')
    }
    expect(await draw('가')).not.toBe(await draw('힣'))
  })
})
