import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

/** Where pictures are kept, for people to look at. */
const FOLDER = fileURLToPath(new URL('../../artefacts/browser', import.meta.url))

/** Screens that pages are looked at on. */
const SCREENS = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
} as const

const SCHEMES = ['light', 'dark'] as const

/** Keeps a picture of a page for each screen and each colour scheme. */
export async function keepPictures(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const [screen, size] of Object.entries(SCREENS)) {
      await page.setViewportSize(size)
      await page.screenshot({ path: `${FOLDER}/${name}-${screen}-${colorScheme}.png`, fullPage: true })
    }
  }
}
