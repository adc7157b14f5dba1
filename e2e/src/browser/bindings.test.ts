import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { Scene } from './scene.ts'
import type { Tab } from './tab.ts'

const ENTRY = fileURLToPath(new URL('../../src/browser/page/bindings.ts', import.meta.url))
const EMAIL = 'ada@example.com'

let scene: Scene

/** Resolves when React, Vue and the store all show this. */
async function show(tab: Tab, text: string): Promise<void> {
  await tab.page.waitForFunction((wanted) => {
    const { shown } = globalThis as unknown as { readonly shown: () => readonly string[] }
    return shown().every((each) => each === wanted)
  }, text)
}

describe.skipIf(WITHOUT_CHROMIUM)('in React, in Vue and in a plain store', () => {
  beforeAll(async () => {
    scene = await Scene.open({ entry: ENTRY })
  })
  afterAll(() => scene.close())

  it('a page shows who is signed in, as it changes in this tab and in another, and nothing is left when it goes', async () => {
    const user = await scene.newUser()
    const [tab, other] = [await scene.openTab(user), await scene.openTab(user)]
    await show(tab, 'signed-out')
    await tab.begin(EMAIL)
    await show(tab, `signed-in: ${EMAIL}`)
    await show(other, `signed-in: ${EMAIL}`)

    await other.page.evaluate('leave()')
    await tab.use((auth) => auth.signOut())
    await show(tab, 'signed-out')
    await other.reaches('signed-out')
    expect(await other.page.evaluate('shown()')).toEqual(['', '', `signed-in: ${EMAIL}`])
  })
})
