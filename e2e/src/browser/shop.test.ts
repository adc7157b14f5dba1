import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fitsNarrowScreen, findBarriers } from './accessibility.ts'
import { keepPictures } from './artefacts.ts'
import { openChromium } from './chromium.ts'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { PageServer } from './page-server.ts'
import { noteWhatIsShown, shownAt, shownBy } from './shown.ts'
import { startShopProcess, type ShopProcess } from './shop-process.ts'
import { PASSWORD } from './tab.ts'

const STRATEGIES = ['hybrid', 'stateful', 'stateless'] as const

/** How soon every tab knows. */
const SECOND_MS = 1000

let shop: ShopProcess
let browser: Browser
/** Pages that the shop knows nothing of. */
let strangers: PageServer
let user: BrowserContext
let account = 0
let email = ''

async function visit(context: BrowserContext, strategy: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${shop.web}/?strategy=${strategy}`)
  return page
}

const status = (page: Page) => page.locator('#machine [aria-current]')
const socket = (page: Page) => page.locator('#socket')

async function reaches(page: Page, wanted: string): Promise<void> {
  await status(page).filter({ hasText: wanted }).waitFor()
}

async function signUp(page: Page): Promise<void> {
  await reaches(page, 'signed-out')
  await enter(page, 'Make an account')
}

async function enter(page: Page, button: string): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: button }).click()
}

async function isConnected(page: Page): Promise<void> {
  await reaches(page, 'signed-in')
  await socket(page)
    .filter({ hasText: /^connected$/ })
    .waitFor()
}

/** Holds that each of the pages has come to show it within a second of when it was begun. */
async function areInTime(pages: readonly Page[], what: RegExp, begunAt: number): Promise<void> {
  for (const page of pages) expect((await shownAt(page, what, begunAt)) - begunAt).toBeLessThan(SECOND_MS)
}

async function areOut(pages: readonly Page[]): Promise<void> {
  await Promise.all(
    pages.flatMap((page) => [
      reaches(page, 'signed-out'),
      socket(page).filter({ hasText: /4401/ }).waitFor({ state: 'attached' }),
    ]),
  )
}

/** Opens a socket to the API, as any script may: `open`, or with what status it was refused. */
async function connect(page: Page, protocols: readonly string[]): Promise<string> {
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  const outcome = await page.evaluate(
    ({ url, protocols }) =>
      new Promise<string>((resolve) => {
        const opened = new WebSocket(url, protocols)
        opened.addEventListener('open', () => resolve('open'))
        opened.addEventListener('close', () => resolve('refused'))
      }),
    { url: `${shop.api.replace('http', 'ws')}/live`, protocols: [...protocols] },
  )
  if (outcome === 'open') return outcome
  // Chromium says 401 in words.
  const status = (): string | undefined =>
    /response code: (\d+)/.exec(complaints.join(' '))?.[1] ??
    (complaints.join(' ').includes('HTTP Authentication failed') ? '401' : undefined)
  await expect.poll(status).toBeDefined()
  return `refused: ${status() ?? ''}`
}

/** Sends a request from a page; the JSON of the answer. */
function send(
  page: Page,
  url: string,
  method: string,
  { token, json }: { readonly token?: string; readonly json?: object },
): Promise<unknown> {
  return page.evaluate(
    async ({ url, method, token, body }) => {
      const headers = {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      const response = await fetch(url, {
        method,
        headers,
        credentials: 'include',
        ...(body !== undefined && { body }),
      })
      return response.json()
    },
    { url, method, token, body: json && JSON.stringify(json) },
  )
}

describe.skipIf(WITHOUT_CHROMIUM)('the shop', () => {
  beforeAll(async () => {
    ;[shop, browser, strangers] = await Promise.all([startShopProcess(), openChromium(), PageServer.open('')])
  })
  afterAll(async () => {
    await strangers.close()
    await browser.close()
    await shop.close()
  })
  beforeEach(async () => {
    user = await browser.newContext()
    user.setDefaultTimeout(8000)
    await noteWhatIsShown(user)
    email = `user-${++account}@example.com`
  })
  afterEach(() => user.close())

  describe.each(STRATEGIES)('%s', (strategy) => {
    it('V7.4.1 when one tab signs in or out, all others know within a second, and their WebSockets end', async () => {
      const pages = await Promise.all(Array.from({ length: 5 }, () => visit(user, strategy)))
      const [first, second] = pages
      if (first === undefined || second === undefined) throw new Error('there are no tabs')
      await Promise.all(pages.map((page) => reaches(page, 'signed-out')))
      await signUp(first)
      await Promise.all(pages.map(isConnected))
      const knownAt = await Promise.all(pages.map((page) => shownAt(page, /^is signed-in/)))
      // Before the first of them knows come passwords, whose hashing is to take long.
      expect(Math.max(...knownAt) - Math.min(...knownAt)).toBeLessThan(SECOND_MS)

      await second.getByLabel('What would you like?').fill('Oolong')
      await second.getByRole('button', { name: 'Order' }).click()
      for (const page of pages) await page.locator('#orders').getByText('Oolong').waitFor()

      await first.getByRole('button', { name: 'Sign out', exact: true }).click()
      await areOut(pages)
      const begunAt = await shownAt(first, /^click Sign out$/)
      await areInTime(pages, /^is signed-out/, begunAt)
      await areInTime(pages, /^socket .*4401/, begunAt)
      for (const page of pages) {
        expect(await page.locator('#orders').textContent()).not.toContain('Oolong')
        expect(await page.locator('#greeting').textContent()).toBe('')
      }
    })

    it('NIST 5.1 storage holds no credential; it stays signed in over a reload, and shows nothing private with the back button after signing out', async () => {
      const page = await visit(user, strategy)
      await signUp(page)
      await isConnected(page)
      const kept = JSON.stringify(
        await page.evaluate(() => [Object.entries(localStorage), Object.entries(sessionStorage)]),
      )
      expect(kept).not.toMatch(/eyJ|cf[rsa]_/)
      await page.reload()
      await isConnected(page)
      await page.goto(`${shop.issuer}/healthz`)
      const other = await visit(user, strategy)
      await isConnected(other)
      await other.getByRole('button', { name: 'Sign out', exact: true }).click()
      await reaches(other, 'signed-out')
      await page.goBack()
      await reaches(page, 'signed-out')
      expect(await page.locator('body').innerText()).not.toContain(email)
    })

    it('signing out everywhere ends the other device: its sockets at once, and with them what it shows', async () => {
      const page = await visit(user, strategy)
      await signUp(page)
      await isConnected(page)
      const device = await browser.newContext()
      await noteWhatIsShown(device)
      device.setDefaultTimeout(8000)
      const elsewhere = await visit(device, strategy)
      await reaches(elsewhere, 'signed-out')
      await enter(elsewhere, 'Sign in')
      await isConnected(elsewhere)
      await page.getByRole('button', { name: 'Sign out everywhere' }).click()
      await areOut([page, elsewhere])
      const begunAt = await shownAt(page, /^click Sign out everywhere$/)
      await areInTime([page, elsewhere], /^socket .*4401/, begunAt)
      await device.close()
    })
  })

  it.each(['hybrid', 'stateless'])('%s shows it while the token is renewed, and all else stays', async (strategy) => {
    const page = await visit(user, strategy)
    await page.clock.install()
    await page.reload()
    await signUp(page)
    await isConnected(page)
    const mayGoOn = Promise.withResolvers<void>()
    await page.route('**/oauth/token', async (route) => {
      await mayGoOn.promise
      await route.continue()
    })
    await page.clock.fastForward('10:00')
    await page.getByLabel('What would you like?').fill('Sencha')
    await page.getByRole('button', { name: 'Order' }).click()
    await reaches(page, 'refreshing')
    expect(await page.locator('#greeting').textContent()).toBe(`Hello, ${email}`)
    mayGoOn.resolve()
    await reaches(page, 'signed-in')
    await page.locator('#orders').getByText('Sencha').waitFor()
    const states = (await shownBy(page)).flatMap(({ what }) => (what.startsWith('is ') ? [what] : []))
    expect(states.slice(-3)).toEqual(['is signed-in', 'is refreshing', 'is signed-in'])
  })

  it('V4.4.2 opens no socket for a page of a stranger, though the browser sends the session cookie along', async () => {
    const page = await visit(user, 'stateful')
    await signUp(page)
    await isConnected(page)
    expect(await connect(page, ['shop'])).toBe('open')
    for (const origin of [strangers.origin(), strangers.origin('127.0.0.1')]) {
      const stranger = await user.newPage()
      await stranger.goto(`${origin}/blank`)
      expect(await connect(stranger, ['shop'])).toBe('refused: 403')
    }
  })

  it('V4.4.4 opens none for a ticket whose session has ended since it was fetched', async () => {
    const page = await visit(user, 'hybrid')
    await signUp(page)
    await isConnected(page)
    const fetchTicket = async (token: string): Promise<string> => {
      const { ticket } = (await send(page, `${shop.api}/tickets`, 'POST', { token })) as { ticket: string }
      return `ticket.${ticket}`
    }
    const json = { client_id: 'shop-hybrid', email, password: PASSWORD }
    const { access_token: token } = (await send(page, `${shop.issuer}/sessions`, 'POST', { json })) as {
      access_token: string
    }
    expect(await connect(page, ['shop', await fetchTicket(token)])).toBe('open')
    const ticket = await fetchTicket(token)
    await send(page, `${shop.issuer}/sessions/current`, 'DELETE', { token })
    await expect
      .poll(() => send(page, `${shop.api}/orders`, 'GET', { token }))
      .toMatchObject({ code: 'credential_ended' })
    expect(await connect(page, ['shop', ticket])).toBe('refused: 401')
  })

  it('takes whoever switches the strategy to another application, with a session of its own', async () => {
    const begun = new Map<string, string>()
    const page = await visit(user, 'hybrid')
    page.on('response', async (response) => {
      const request = response.request()
      if (request.method() !== 'POST' || !response.url().endsWith('/sessions')) return
      const { client_id: client } = request.postDataJSON() as { client_id: string }
      begun.set(client, ((await response.json()) as { session: { id: string } }).session.id)
    })
    await signUp(page)
    await isConnected(page)
    const switchTo = async (strategy: string): Promise<void> => {
      await page.getByRole('radio', { name: strategy, exact: true }).click()
      await page.waitForURL(`**/?strategy=${strategy}`)
      expect(await page.getByRole('radio', { name: strategy, exact: true }).isChecked()).toBe(true)
    }
    for (const strategy of ['stateful', 'stateless']) {
      await switchTo(strategy)
      await reaches(page, 'signed-out')
      await enter(page, 'Sign in')
      await isConnected(page)
    }
    for (const strategy of ['hybrid', 'stateful', 'stateless']) {
      await switchTo(strategy)
      await isConnected(page)
    }
    expect([...begun.keys()]).toEqual(['shop-hybrid', 'shop-stateful', 'shop-stateless'])
    expect(new Set(begun.values()).size).toBe(3)
  })

  it('can be used with the keyboard alone', async () => {
    const page = await visit(user, 'hybrid')
    await reaches(page, 'signed-out')
    const press = async (keys: readonly string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key)
    }
    await press(['Tab'])
    await page.keyboard.type(email)
    await press(['Tab'])
    await page.keyboard.type(PASSWORD)
    await press(['Tab', 'Tab', 'Enter'])
    await isConnected(page)
    await page.getByLabel('What would you like?').focus()
    await page.keyboard.type('Paper')
    await press(['Enter'])
    await page.locator('#orders').getByText('Paper').waitFor()
  })

  it('says what is wrong, has no barrier, and fits the narrowest screen', async () => {
    const page = await visit(user, 'hybrid')
    await reaches(page, 'signed-out')
    await enter(page, 'Sign in')
    await page.getByRole('alert').waitFor()
    expect(await findBarriers(page)).toEqual([])
    await keepPictures(page, 'shop-visitor')
    expect(await fitsNarrowScreen(page)).toBe(true)
    await enter(page, 'Make an account')
    await isConnected(page)
    expect(await findBarriers(page)).toEqual([])
    await keepPictures(page, 'shop-customer')
    expect(await fitsNarrowScreen(page)).toBe(true)
  })
})
