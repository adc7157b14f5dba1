import { SERVICES, type Service } from './settings.ts'

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
  const outside = await signIn(url)
  yield {
    step: 'sign in twice: an app, a page',
    found: outside.map(({ carrier }) => carrier).join(', '),
    expected: true,
  }
  for (const service of SERVICES) yield* visits(url, service, outside)
  for (const each of outside) yield* endings(url, each)
}

interface Outside {
  readonly carrier: 'bearer' | 'cookie'
  readonly credential: Credential
}

async function signIn(url: string): Promise<Outside[]> {
  const app = await call('POST', `${url}/sessions`, {}, { ...ACCOUNT, client_id: 'app' })
  const web = await call('POST', `${url}/sessions`, {}, { ...ACCOUNT, client_id: 'web' })
  return [
    { carrier: 'bearer', credential: { authorization: `Bearer ${String(app.body['access_token'])}` } },
    { carrier: 'cookie', credential: { cookie: web.cookie } },
  ]
}

async function* visits(url: string, { name, audience }: Service, outside: readonly Outside[]): AsyncGenerator<Finding> {
  const nobody = await call('GET', `${url}/${name}`)
  yield { step: `${name}, without a credential`, found: `${nobody.status}`, expected: nobody.status === 401 }
  for (const { carrier, credential } of outside) {
    // Whoever says that they are somebody else is not believed.
    const answer = await call('GET', `${url}/${name}`, { ...credential, 'x-account-id': 'eve' })
    yield judge(answer, `${name}, ${carrier} outside`, audience)
  }
}

async function* endings(url: string, { carrier, credential }: Outside): AsyncGenerator<Finding> {
  const page = { ...credential, 'sec-fetch-site': 'same-origin' }
  const ended = await call('DELETE', `${url}/sessions/current?wait=everywhere`, page)
  yield {
    step: `sign out, ${carrier}, and wait for everybody`,
    found: `${ended.status}`,
    expected: ended.status === 200,
  }
  const after = await call('GET', `${url}/orders`, credential)
  const found = `${after.status} ${String(after.body['code'])}`
  yield { step: `orders, ${carrier}, after that`, found, expected: after.status === 401 }
}

function judge({ status, body }: Answer, step: string, audience: string): Finding {
  const { iss, aud, accountId } = body
  const found = `${status}: inside a token of ${String(iss)} for ${String(aud)}`
  return {
    step,
    found,
    expected: status === 200 && aud === audience && typeof accountId === 'string' && accountId !== 'eve',
  }
}
