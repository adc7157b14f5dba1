import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeFolder, QUICK, startServer, type RunningServer } from '../harness.ts'
import { findBarriers } from './accessibility.ts'
import { openChromium } from './chromium.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { go, openReader } from './reader.ts'

const SETTINGS = '[pages]\nname = "Harbour Tea"\naccent = "#7a3e9d"\nlogo = "harbour.svg"\n'
const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'

describe.skipIf(WITHOUT_CHROMIUM)('the theme of the pages', () => {
  const folder = makeFolder()
  let server: RunningServer
  let browser: Browser
  beforeAll(async () => {
    writeFileSync(join(folder.path, 'c.toml'), SETTINGS)
    writeFileSync(join(folder.path, 'harbour.svg'), LOGO)
    server = await startServer({ folder: folder.path, environment: QUICK }, ['--config', 'c.toml'])
    browser = await openChromium()
  })
  afterAll(async () => {
    await browser.close()
    await server.stop('SIGKILL')
    folder[Symbol.dispose]()
  })

  it.each([
    ['light', 'rgb(122, 62, 157)'],
    ['dark', 'rgb(170, 131, 192)'],
  ] as const)(
    'is seen in %s: name, logo, and an accent that can be read, from this origin alone',
    async (colorScheme, accent) => {
      const page = await openReader({ browser, issuer: server.url })
      const requested = new Set<string>()
      page.on('request', (request) => requested.add(new URL(request.url()).origin))
      await page.emulateMedia({ colorScheme })
      await go(page, '/sign-in')
      expect(await page.title()).toBe('Sign in · Harbour Tea')
      expect(await page.locator('.brand').innerText()).toBe('Harbour Tea')
      const logo = page.locator('.brand img')
      expect(await logo.evaluate((image: HTMLImageElement) => [image.complete, image.naturalWidth])).toEqual([true, 40])
      const shown = (selector: string, property: string): Promise<string> =>
        page
          .locator(selector)
          .first()
          .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property)
      expect([await shown('button.main', 'background-color'), await shown('main a', 'color')]).toEqual([accent, accent])
      expect([...requested]).toEqual([server.url])
      expect(await findBarriers(page)).toEqual([])
    },
  )
})
