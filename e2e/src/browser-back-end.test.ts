import { writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { ServerProcess } from '@counterfoil/testbed'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMAND, freePort, makeFolder, QUICK, startServer, until, type RunningServer } from './harness.ts'

const ACCOUNT = { email: 'ada@example.com', password: 'nine herons over the bay' }
const KEY = 'a key of this test, of no use elsewhere'.replaceAll(' ', '-')

const folder = makeFolder()
let issuer: RunningServer
let gateway: ServerProcess
let url: string
const seen: Record<string, string | string[] | undefined>[] = []
const service = createServer((request, response) => {
  seen.push(request.headers)
  response.end(request.headers['x-account-id'])
})

beforeAll(async () => {
  const [port, at] = [await freePort(), await freePort()]
  url = `http://localhost:${at}`
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const address = service.address()
  const upstream = typeof address === 'object' && address !== null ? address.port : 0
  writeFileSync(
    join(folder.path, 'counterfoil.toml'),
    `trusted_proxies = ["127.0.0.1"]
[policy]
access_token_seconds = 10
[[applications]]
id = "page"
strategy = "hybrid"
audience = ["https://api.example.com"]
[[verifiers]]
name = "gateway"
key = "${KEY}"
`,
  )
  const environment = {
    ...QUICK,
    COUNTERFOIL_LISTEN: `127.0.0.1:${port}`,
    COUNTERFOIL_ISSUER: `http://localhost:${port}`,
  }
  issuer = await startServer({ folder: folder.path, environment }, ['--config', 'counterfoil.toml'])
  writeFileSync(
    join(folder.path, 'gateway.toml'),
    `issuer = "http://localhost:${port}"
listen = "127.0.0.1:${at}"
public_url = "${url}"
audience = ["https://api.example.com"]
verifier_key = "${KEY}"
access_log = "off"
[browser]
client_id = "page"
sign_in_page = "/sign-in"
[[routes]]
name = "app"
path = "/app"
browser = true
identity = "access_token"
upstreams = ["http://127.0.0.1:${upstream}"]
`,
  )
  gateway = new ServerProcess({
    command: process.execPath,
    args: [COMMAND, 'gateway', '--config', 'gateway.toml'],
    cwd: folder.path,
  })
  await gateway.ready(() =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  )
  await fetch(`${issuer.url}/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ACCOUNT),
  })
})

afterAll(async () => {
  await gateway.stop('SIGINT')
  await issuer.stop('SIGINT')
  service.close()
  service.closeAllConnections()
  folder[Symbol.dispose]()
})

/** What a page of this origin sends. */
const SAME = { 'sec-fetch-site': 'same-origin' }

async function signIn(more: Record<string, string> = SAME, body: object = ACCOUNT): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...more }
  return fetch(`${url}/.counterfoil/session`, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Asks for a page as a browser does for a person. */
function navigate(path: string): Promise<{ status: number | undefined; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }
    get(url + path, { headers, agent: false }, ({ statusCode, headers: { location } }) => {
      resolve({ status: statusCode, location })
    }).on('error', reject)
  })
}

function cookieOf(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

describe('a browser behind the gateway', () => {
  it('signs in, holds one cookie that no page can read, and no token', async () => {
    const response = await signIn()
    const text = await response.text()
    expect(response.status).toBe(201)
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-gateway=cfr_[\w-]+; Max-Age=\d+; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
    ])
    expect(text).toMatch(/^\{"session":\{/)
    expect(text).not.toMatch(/token|cfr_|eyJ/)
  })

  it('is known to the service, which gets the access token and not the cookie', async () => {
    const cookie = cookieOf(await signIn())
    const response = await fetch(`${url}/app`, { headers: { cookie: `${cookie}; theme=dark` } })
    expect(response.status).toBe(200)
    const headers = seen.at(-1)
    expect(headers?.['x-account-id']).toBe(await response.text())
    expect(headers?.['authorization']).toMatch(/^Bearer eyJ/)
    expect(headers?.['cookie']).toBe('theme=dark')
  })

  it('gets a new cookie with the answer when the access token is about to end, and is refreshed once', async () => {
    const cookie = cookieOf(await signIn())
    // An access token of 10 s is replaced 2.5 s before its end.
    const cookies = await until(async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/app`, { headers: { cookie } })))
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
      const found = new Set(answers.map(cookieOf).filter((each) => each !== ''))
      return found.size > 0 ? [...found] : undefined
    })
    expect(cookies).toEqual([expect.stringMatching(/^__Host-gateway=cfr_/)])
    expect(cookies).not.toContain(cookie)
  })

  it('V3.5.1 changes nothing for a page of another origin, also not by signing in or out', async () => {
    const cookie = cookieOf(await signIn())
    for (const foreign of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }] as Record<
      string,
      string
    >[]) {
      expect((await signIn(foreign)).status).toBe(403)
      expect((await fetch(`${url}/app`, { method: 'POST', headers: { cookie, ...foreign } })).status).toBe(403)
      const out = await fetch(`${url}/.counterfoil/session`, { method: 'DELETE', headers: { cookie, ...foreign } })
      expect(out.status).toBe(403)
    }
    expect((await fetch(`${url}/app`, { headers: { cookie } })).status).toBe(200)
  })

  it('is sent to sign in when a person asks for a page, and told 401 when a program asks', async () => {
    const page = await navigate('/app/x?a=1')
    expect([page.status, page.location]).toEqual([302, '/sign-in?return_to=%2Fapp%2Fx%3Fa%3D1'])
    const program = await fetch(`${url}/app`, { headers: { accept: 'application/json' } })
    expect([program.status, program.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="counterfoil"'])
    // fetch says of itself that it does not navigate.
    expect((await fetch(`${url}/app`, { headers: { accept: 'text/html' } })).status).toBe(401)
  })

  it('signs out: the cookie goes, and what was held is good for nothing', async () => {
    const cookie = cookieOf(await signIn())
    const out = await fetch(`${url}/.counterfoil/session`, { method: 'DELETE', headers: { cookie, ...SAME } })
    expect([out.status, out.headers.getSetCookie()]).toEqual([
      200,
      ['__Host-gateway=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax'],
    ])
    const after = await fetch(`${url}/app`, { headers: { cookie } })
    expect([after.status, after.headers.getSetCookie().length]).toEqual([401, 1])
  })

  it('gets the issuer’s own answer to a wrong password, and a word about a body that is none', async () => {
    const wrong = await signIn(SAME, { ...ACCOUNT, password: 'something else' })
    expect([wrong.status, wrong.headers.getSetCookie(), await wrong.json()]).toMatchObject([
      401,
      [],
      { code: 'sign_in_failed' },
    ])
    const form = await signIn({ ...SAME, 'content-type': 'text/plain' })
    expect([form.status, await form.json()]).toMatchObject([400, { code: 'bad_request' }])
    expect((await fetch(`${url}/.counterfoil/session`)).status).toBe(405)
  })

  it('goes on under the lease while the issuer is paused, and keeps its cookie', async () => {
    const cookie = cookieOf(await signIn())
    issuer.process.kill('SIGSTOP')
    try {
      expect((await fetch(`${url}/app`, { headers: { cookie } })).status).toBe(200)
    } finally {
      issuer.process.kill('SIGCONT')
    }
    expect((await fetch(`${url}/app`, { headers: { cookie } })).status).toBe(200)
  })
})
