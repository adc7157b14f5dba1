import { SERVICES } from './settings.ts'

/** What was done, what came of it, and whether that is what is promised. */
export interface Finding {
  readonly step: string
  readonly found: string
  readonly expected: boolean
}

interface Answer {
  readonly status: number
  readonly cookie: string
  readonly body: Readonly<Record<string, unknown>>
}

type Credential = Readonly<Record<string, string>>

const ACCOUNT = { email: 'ada@example.com', password: 'nine herons over the bay' }

async function call(method: string, url: string, credential: Credential = {}, json?: object): Promise<Answer> {
  const headers = { ...credential, ...(json !== undefined && { 'content-type': 'application/json' }) }
  const response = await fetch(url, { method, headers, ...(json !== undefined && { body: JSON.stringify(json) }) })
  const text = await response.text()
  const [cookie = ''] = (response.headers.getSetCookie()[0] ?? '').split(';')
  return { status: response.status, cookie, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {} }
}

/** Goes through the gateway with a bearer and with a cookie, to both services, until both sessions are ended. */
export async function* tour(url: string): AsyncGenerator<Finding> {
  const signedUp = await call('POST', `${url}/accounts`, {}, ACCOUNT)
  yield { step: 'sign up, through the gateway', found: `${signedUp.status}`, expected: signedUp.status === 201 }
  const app = await call('POST', `${url}/sessions`, {}, { ...ACCOUNT, client_id: 'app' })
  const web = await call('POST', `${url}/sessions`, {}, { ...ACCOUNT, client_id: 'web' })
  const outside = [
    { name: 'bearer', credential: { authorization: `Bearer ${String(app.body['access_token'])}` } },
    { name: 'cookie', credential: { cookie: web.cookie } },
  ]
  yield {
    step: 'sign in twice: an app, a page',
    found: 'an access token; a cookie',
    expected: web.cookie.startsWith('__Host-session='),
  }
  for (const { name, audience } of SERVICES) {
    const nobody = await call('GET', `${url}/${name}`)
    yield { step: `${name}, without a credential`, found: `${nobody.status}`, expected: nobody.status === 401 }
    for (const { name: carrier, credential } of outside)
      yield visit(await call('GET', `${url}/${name}`, { ...credential, 'x-account-id': 'eve' }), {
        name,
        audience,
        carrier,
      })
  }
  for (const { name: carrier, credential } of outside) {
    const ended = await call('DELETE', `${url}/sessions/current?wait=everywhere`, {
      ...credential,
      'sec-fetch-site': 'same-origin',
    })
    yield {
      step: `sign out, ${carrier}, and wait for everybody`,
      found: `${ended.status}`,
      expected: ended.status === 200,
    }
    const [first] = SERVICES
    const after = await call('GET', `${url}/${first.name}`, credential)
    yield {
      step: `${first.name}, ${carrier}, after that`,
      found: `${after.status} ${String(after.body['code'])}`,
      expected: after.status === 401,
    }
  }
}

function visit(
  { status, body }: Answer,
  { name, audience, carrier }: { name: string; audience: string; carrier: string },
): Finding {
  const { iss, aud, accountId } = body
  return {
    step: `${name}, ${carrier} outside`,
    found: `${status}: inside a token of ${String(iss)} for ${String(aud)}`,
    expected: status === 200 && aud === audience && typeof accountId === 'string' && accountId !== 'eve',
  }
}
