import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WITHOUT_CHROMIUM } from './in-chromium.ts'
import { HOSTS, Scene } from './scene.ts'
import { PASSWORD } from './tab.ts'

const ACCOUNT = { email: 'ada@example.com', password: PASSWORD }

let scene: Scene
let user: BrowserContext
let page: Page

async function post(path: string, body: object): Promise<number> {
  return page.evaluate(
    ({ url, body }) =>
      fetch(url, {
        method: 'POST',
        credentials: 'include',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).then(({ status }) => status),
    { url: scene.issuer + path, body },
  )
}

/** Refreshes from the application's page; status, and whether the server took a cookie away. */
async function refresh(): Promise<readonly [status: number, cookies: readonly string[]]> {
  const count = scene.proxy.passed.length
  const status = await page.evaluate(
    (url) =>
      fetch(url, {
        method: 'POST',
        credentials: 'include',
        body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'hybrid' }),
      }).then((response) => response.status),
    `${scene.issuer}/oauth/token`,
  )
  return [status, scene.proxy.passed.slice(count).flatMap(({ setCookie }) => setCookie)]
}

/** What a page of a neighbouring host does with this line, as cookies go. */
async function plant(line: string): Promise<void> {
  const sibling = await user.newPage()
  await sibling.goto(`${scene.pages.origin(HOSTS.sibling)}/blank`)
  await sibling.evaluate((line) => (document.cookie = line), line)
  await sibling.close()
}

describe.skipIf(WITHOUT_CHROMIUM)('a neighbouring host of the same domain, over https', () => {
  beforeAll(async () => {
    scene = await Scene.open({ secure: true })
    user = await scene.newUser()
    page = await user.newPage()
    await page.goto(`${scene.pages.origin(HOSTS.pages)}/blank`)
    await post('/accounts', ACCOUNT)
  })
  afterAll(() => scene.close())
  beforeEach(() => user.clearCookies())

  it('V3.3.3 cannot plant a session cookie, whose prefix binds it to the host of the issuer', async () => {
    expect(await post('/sessions', { ...ACCOUNT, client_id: 'stateful' })).toBe(201)
    const before = await user.cookies()
    expect(before).toMatchObject([{ name: '__Host-session', domain: HOSTS.issuer }])
    await plant('__Host-session=planted; Secure; Path=/; Domain=shop.test')
    await plant('__host-session=planted; Secure; Path=/; Domain=shop.test')
    expect(await user.cookies()).toEqual(before)
  })

  it('can plant a second refresh cookie, and wins nothing: of two, the issuer takes none, and takes none away', async () => {
    expect(await post('/sessions', { ...ACCOUNT, client_id: 'hybrid' })).toBe(201)
    await plant('__Secure-refresh-hybrid=planted; Secure; Path=/oauth; Domain=shop.test')
    expect(await user.cookies()).toHaveLength(2)
    expect(await refresh()).toEqual([400, []])
    await user.clearCookies({ domain: '.shop.test' })
    const [status, cookies] = await refresh()
    expect([status, cookies]).toEqual([200, [expect.stringMatching(/^__Secure-refresh-hybrid=cfr_/)]])
  })

  it('gets neither cookie, and a page of http of the same host gets none that is secure', async () => {
    expect(await post('/sessions', { ...ACCOUNT, client_id: 'stateful' })).toBe(201)
    const sibling = await user.cookies(scene.pages.origin(HOSTS.sibling))
    const plain = await user.cookies(`http://${HOSTS.issuer}`)
    expect([sibling, plain]).toEqual([[], []])
  })
})
