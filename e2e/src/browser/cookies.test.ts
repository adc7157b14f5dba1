import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { PageServer } from './page-server.ts'
import { Scene, STRATEGIES, type Strategy } from './scene.ts'
import { PASSWORD } from './tab.ts'

const EMAIL = 'ada@example.com'
const COOKIES = {
  hybrid: { name: '__Secure-refresh-hybrid', path: '/oauth/token', sameSite: 'Strict' },
  stateless: { name: '__Secure-refresh-stateless', path: '/oauth/token', sameSite: 'Strict' },
  stateful: { name: '__Host-session', path: '/', sameSite: 'Lax' },
} as const

/** What a form can be sent as without asking first. */
const TYPES = ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'] as const

/** What somebody else would have Ada's browser send, by path; each with one equals sign. */
const FORGED = {
  '/accounts': { email: 'mallory@example.com', password: 'a password = somebody knows' },
  '/sessions': { client_id: 'stateful', email: EMAIL, password: PASSWORD, device_label: 'here=there' },
  '/account/password': { current_password: PASSWORD, new_password: 'a password = somebody knows' },
  '/sessions/current': { wait: '=' },
} as const

let scene: Scene
/** Pages of the issuer's host that no application lists. */
let strangers: PageServer
let user: BrowserContext

interface Answered {
  readonly status: number
  readonly text: string
}

/** Sends a request from a page, as any script may; status 0: the browser lets the page know nothing. */
function sendFrom(page: Page, method: string, path: string, body?: object, form = false): Promise<Answered> {
  return page.evaluate(
    async ({ method, url, json, form }) => {
      const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
      const sent = fetch(url, {
        method,
        credentials: 'include',
        ...(json !== undefined && { body: json, headers: { 'content-type': type } }),
      })
      return sent.then(
        async (response) => ({ status: response.status, text: await response.text() }),
        () => ({ status: 0, text: '' }),
      )
    },
    {
      method,
      url: scene.issuer + path,
      form,
      json: body && (form ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body)),
    },
  )
}

const refreshForm = (clientId: string): Record<string, string> => ({ grant_type: 'refresh_token', client_id: clientId })

function refreshFrom(page: Page, clientId: string): Promise<Answered> {
  return sendFrom(page, 'POST', '/oauth/token', refreshForm(clientId), true)
}

async function openPage(url: string): Promise<Page> {
  const page = await user.newPage()
  await page.goto(url)
  return page
}

async function signIn(page: Page, clientId: string): Promise<void> {
  const body = { client_id: clientId, email: EMAIL, password: PASSWORD }
  expect(await sendFrom(page, 'POST', '/sessions', body)).toMatchObject({ status: 201 })
}

/** The session and its account, as far as time alone does not change them. */
async function whoAmI(page: Page): Promise<unknown> {
  const { account, session } = JSON.parse((await sendFrom(page, 'GET', '/sessions/current')).text) as {
    readonly account: unknown
    readonly session: { readonly id: string }
  }
  return { account, id: session.id }
}

/** The field whose name and value make a form of plain text read so: between them stands an equals sign. */
function readingAs(json: object): Readonly<Record<string, string>> {
  const [name = '', value = ''] = JSON.stringify(json).split('=')
  return { [name]: value }
}

/** Submits a form as a page can without a script and without a preflight; what the server answered. */
async function submit(page: Page, path: string, fields: object, type = 'application/x-www-form-urlencoded') {
  const count = scene.proxy.passed.length
  const landed = page.waitForNavigation()
  await page.evaluate(
    ({ url, fields, type }) => {
      const form = document.createElement('form')
      Object.assign(form, { method: 'post', action: url, enctype: type })
      for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement('input')
        Object.assign(input, { type: 'hidden', name, value })
        form.append(input)
      }
      document.body.append(form)
      form.submit()
    },
    { url: scene.issuer + path, fields: fields as Record<string, string>, type },
  )
  await landed
  const passed = scene.proxy.passed.slice(count).find((each) => each.path === path)
  if (passed === undefined) throw new Error('the form did not arrive')
  return passed
}

describe.skipIf(WITHOUT_CHROMIUM)('cookies, as a browser treats them', () => {
  beforeAll(async () => {
    scene = await Scene.open()
    strangers = await PageServer.open('')
    user = await scene.newUser()
    const page = await openPage(`${scene.pages.origin()}/blank`)
    await sendFrom(page, 'POST', '/accounts', { email: EMAIL, password: PASSWORD })
    await user.close()
  })
  afterAll(async () => {
    await strangers.close()
    await scene.close()
  })

  const freshUser = async (): Promise<Page> => {
    user = await scene.newUser()
    return openPage(`${scene.pages.origin()}/blank`)
  }
  afterEach(() => user.close())

  describe.each(STRATEGIES)('of a %s session', (strategy: Strategy) => {
    const { name, path, sameSite } = COOKIES[strategy]

    it('V3.3.1 V3.3.2 V3.3.4 are taken with their prefix, for one host and path, out of reach of every script', async () => {
      const page = await freshUser()
      await signIn(page, strategy)
      const cookies = await user.cookies()
      expect(cookies).toMatchObject([{ name, path, sameSite, domain: 'localhost', secure: true, httpOnly: true }])
      expect(cookies[0]?.value.length).toBeGreaterThan(40)
      expect(await page.evaluate(() => document.cookie)).toBe('')
      const own = await openPage(`${scene.issuer}/healthz`)
      expect(await own.evaluate(() => document.cookie)).toBe('')
    })

    it('cannot be replaced by a script of another port of that host', async () => {
      const page = await freshUser()
      await signIn(page, strategy)
      const [before] = await user.cookies()
      const stranger = await openPage(`${strangers.origin()}/blank`)
      await stranger.evaluate(
        ({ name, path }) => {
          document.cookie = `${name}=planted; Secure; Path=${path}`
          document.cookie = `${name}=planted; Secure; Path=/; Max-Age=0`
        },
        { name, path },
      )
      expect((await user.cookies()).filter(({ value }) => value === before?.value)).toHaveLength(1)
    })

    it('V3.5.1 buy and change nothing for a page of that host that no application lists, though the browser sends them', async () => {
      const page = await freshUser()
      await signIn(page, strategy)
      const before = await user.cookies()
      const stranger = await openPage(`${strangers.origin()}/blank`)
      const refreshed = await submit(stranger, '/oauth/token', refreshForm(strategy))
      expect(refreshed.cookie).toContain(name)
      expect([refreshed.status, refreshed.setCookie]).toEqual([400, []])
      await stranger.goto(`${strangers.origin()}/blank`)
      expect(await sendFrom(stranger, 'DELETE', '/sessions/current')).toMatchObject({ status: 0 })
      expect(await sendFrom(stranger, 'GET', '/sessions/current')).toMatchObject({ status: 0 })
      expect(await user.cookies()).toEqual(before)
      const back = await openPage(`${scene.pages.origin()}/blank`)
      expect((await refreshFrom(back, strategy)).status).toBe(200)
    })

    it('V3.5.1 are not even sent with a POST of another site', async () => {
      const page = await freshUser()
      await signIn(page, strategy)
      const foreign = await openPage(`${scene.pages.origin('127.0.0.1')}/blank`)
      const posted = await submit(foreign, '/oauth/token', refreshForm(strategy))
      expect([posted.cookie, posted.status, posted.setCookie]).toEqual(['', 400, []])
    })

    it('are not kept when a page of another site signs in, whether or not it is listed: such an application takes tokens in the body', async () => {
      await freshUser()
      const foreign = await openPage(`${scene.pages.origin('127.0.0.1')}/blank`)
      await signIn(foreign, `embedded-${strategy}`)
      expect(await user.cookies()).toEqual([])
      expect((await refreshFrom(foreign, `embedded-${strategy}`)).status).toBe(400)
    })

    it('are not sent from within a frame of a foreign page, and the session outside of it goes on', async () => {
      const page = await freshUser()
      await signIn(page, strategy)
      const top = await openPage(`${scene.pages.origin('127.0.0.1')}/blank`)
      await top.evaluate((src) => {
        const frame = Object.assign(document.createElement('iframe'), { src })
        const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
        document.body.append(frame)
        return loaded.then(() => undefined)
      }, `${scene.pages.origin()}/blank`)
      const frame = top.frames().find((each) => each !== top.mainFrame())
      const count = scene.proxy.passed.length
      const answered = await frame?.evaluate(
        ({ url, body }) =>
          fetch(url, { method: 'POST', credentials: 'include', body: new URLSearchParams(body) }).then(
            ({ status }) => status,
          ),
        { url: `${scene.issuer}/oauth/token`, body: refreshForm(strategy) },
      )
      expect(answered).toBe(400)
      expect(scene.proxy.passed.slice(count).map(({ cookie }) => cookie)).toEqual([''])
      expect((await refreshFrom(page, strategy)).status).toBe(200)
    })

    it('V7.4.1 are gone after signing out', async () => {
      const page = await freshUser()
      await signIn(page, strategy)
      const refreshed = await refreshFrom(page, strategy)
      const { access_token: token } = JSON.parse(refreshed.text) as { access_token?: string }
      const status = await page.evaluate(
        ({ url, token }) =>
          fetch(url, {
            method: 'DELETE',
            credentials: 'include',
            headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
          }).then((response) => response.status),
        { url: `${scene.issuer}/sessions/current`, token },
      )
      expect(status).toBe(200)
      expect(await user.cookies()).toEqual([])
    })
  })

  it('the refresh cookie goes to the token endpoint and nowhere else', async () => {
    const page = await freshUser()
    await signIn(page, 'hybrid')
    const count = scene.proxy.passed.length
    for (const path of ['/healthz', '/sessions', '/oauth/revoke', '/verify']) await sendFrom(page, 'GET', path)
    await refreshFrom(page, 'hybrid')
    const passed = scene.proxy.passed.slice(count)
    expect(passed.filter(({ cookie }) => cookie !== '').map(({ path }) => path)).toEqual(['/oauth/token'])
  })

  describe.each([
    ['a page of that host that no application lists', () => strangers.origin()],
    ['a page of another site', () => scene.pages.origin('127.0.0.1')],
  ])('from %s', (_, origin) => {
    it.each(TYPES)('V3.5.2 a form of %s that reads as JSON makes, ends and changes nothing', async (type) => {
      const page = await freshUser()
      await signIn(page, 'stateful')
      const [cookies, session] = [await user.cookies(), await whoAmI(page)]
      const forger = await user.newPage()
      for (const [path, json] of Object.entries(FORGED)) {
        await forger.goto(`${origin()}/blank`)
        const { status, setCookie } = await submit(forger, path, readingAs(json), type)
        expect([path, [400, 403, 405, 415].includes(status ?? 0), setCookie]).toEqual([path, true, []])
      }
      expect([await user.cookies(), await whoAmI(page)]).toEqual([cookies, session])
      const planted = { client_id: 'hybrid', ...FORGED['/accounts'] }
      expect((await sendFrom(page, 'POST', '/sessions', planted)).status).toBe(401)
      await signIn(page, 'hybrid')
    })
  })

  it.each(['/', '/sign-in', '/sign-up', '/my/account', '/my/devices', '/signed-out', '/docs'])(
    'V3.4.6 %s does not let itself be framed, not even by a page that an application lists',
    async (path) => {
      const top = await freshUser()
      if (path === '/' || path.startsWith('/my/')) await signIn(top, 'stateful')
      const count = scene.proxy.passed.length
      const refused = top.waitForEvent('console', {
        predicate: (message) => message.text().includes('frame-ancestors'),
      })
      await top.evaluate((src) => {
        document.body.append(Object.assign(document.createElement('iframe'), { src }))
      }, scene.issuer + path)
      await refused
      expect(scene.proxy.passed.slice(count).at(-1)).toMatchObject({
        path: path === '/' ? '/my/devices' : path,
        status: 200,
      })
      for (const frame of top.frames().slice(1)) expect(frame.url()).not.toContain(scene.issuer)
    },
  )
})
