/** One line of the table: what was done, and what came of it. */
export interface Finding {
  readonly step: string
  readonly found: string
  /** Whether it came out as the strategy promises. */
  readonly expected: boolean
}

/** Where the tour goes. */
export interface Places {
  readonly issuer: string
  readonly orders: string
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** What the client holds. */
interface Holdings {
  readonly accessToken: string | undefined
  readonly refreshToken: string | undefined
  readonly sessionToken: string | undefined
}

const PASSWORD = 'correct horse battery'

/** How long the orders API is asked again before that counts as too late. */
const PATIENCE_MS = 10_000

async function call(
  method: string,
  url: string,
  init: { token?: string | undefined; json?: unknown; form?: Record<string, string> } = {},
): Promise<Answer> {
  const headers = new Headers()
  if (init.token !== undefined) headers.set('authorization', `Bearer ${init.token}`)
  if (init.json !== undefined) headers.set('content-type', 'application/json')
  const body =
    init.form === undefined
      ? init.json === undefined
        ? null
        : JSON.stringify(init.json)
      : new URLSearchParams(init.form)
  const response = await fetch(url, { method, headers, body })
  const text = await response.text()
  const parsed: unknown = text === '' ? {} : JSON.parse(text)
  return { status: response.status, headers: response.headers, body: isRecord(parsed) ? parsed : {} }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function holdingsOf({ body }: Answer): Holdings {
  return {
    accessToken: textOf(body['access_token']),
    refreshToken: textOf(body['refresh_token']),
    sessionToken: textOf(body['session_token']),
  }
}

/** Seconds that an access token has left, by its own word. */
function remainingSeconds(token: string): number {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const exp = isRecord(claims) ? Number(claims['exp']) : NaN
  return Math.max(0, Math.ceil(exp - Date.now() / 1000))
}

function describe({ accessToken, refreshToken, sessionToken }: Holdings): string {
  if (sessionToken !== undefined) return `a session token (${sessionToken.slice(0, 8)}…)`
  const refresh = refreshToken?.startsWith('cfr_') === true ? `opaque (${refreshToken.slice(0, 8)}…)` : 'a JWT'
  return `access JWT, ${accessToken === undefined ? 0 : remainingSeconds(accessToken)} s; refresh token: ${refresh}`
}

/** Uses one strategy from sign-up to after the sign-out, and writes down what came of each step. */
export async function tourStrategy(strategy: string, places: Places): Promise<Finding[]> {
  const email = `demo-${strategy}@example.com`
  const signedUp = await call('POST', `${places.issuer}/accounts`, { json: { email, password: PASSWORD } })
  const json = { client_id: strategy, email, password: PASSWORD }
  const signedIn = await call('POST', `${places.issuer}/sessions`, { json })
  const first = holdingsOf(signedIn)
  const used = await useSession(strategy, first, places)
  return [
    finding('sign up', `${signedUp.status}`, signedUp.status === 201),
    finding('sign in: the client holds', describe(first), signedIn.status === 201),
    ...used.findings,
    ...(await signOutAndLookBack(strategy, used.held, places)),
  ]
}

function finding(step: string, found: string, expected: boolean): Finding {
  return { step, found, expected }
}

/** What the client and the orders API have in hand after a while of use. */
interface Used {
  readonly findings: readonly Finding[]
  readonly held: Holdings
}

async function useSession(strategy: string, held: Holdings, places: Places): Promise<Used> {
  const who = await call('GET', `${places.orders}/whoami`, { token: held.sessionToken ?? held.accessToken })
  const asked = 'the server was asked, and is again after a lease'
  const how = held.sessionToken === undefined ? 'verified alone, no call to the server' : asked
  const refreshed = await tryRefresh(strategy, held, places)

  const stored = strategy !== 'stateless'
  const token = refreshed.held.sessionToken ?? refreshed.held.accessToken
  const cart = await call('PUT', `${places.issuer}/sessions/current/attributes/cart`, { token, json: ['tea'] })
  const kept = stored ? `${cart.status}, kept with the session` : `${cart.status}, none`
  const findings = [
    finding('call the orders API', `${who.status}, ${how}`, who.status === 200),
    refreshed.finding,
    finding('per-session data', kept, stored === cart.status < 300),
  ]
  return { findings, held: refreshed.held }
}

async function tryRefresh(
  strategy: string,
  held: Holdings,
  { issuer }: Places,
): Promise<{ readonly finding: Finding; readonly held: Holdings }> {
  if (held.refreshToken === undefined) return { finding: finding('refresh', 'not needed', true), held }
  const answer = await refresh(issuer, strategy, held.refreshToken)
  const next = holdingsOf(answer)
  const rotated = next.refreshToken === held.refreshToken ? 'the same refresh token' : 'a new refresh token'
  return { finding: finding('refresh', `${answer.status}, ${rotated}`, answer.status === 200), held: next }
}

async function signOutAndLookBack(strategy: string, held: Holdings, { issuer, orders }: Places): Promise<Finding[]> {
  const token = held.sessionToken ?? held.accessToken
  const stream = await openStream(`${orders}/whoami/stream`, token)
  const signedOut = await call('DELETE', `${issuer}/sessions/current`, { token })
  const signedOutAt = performance.now()
  const late = await untilRefused(`${orders}/whoami`, token)
  const streamMs = Math.max(0, Math.round((await stream.ended) - signedOutAt))
  const after = await call('GET', `${issuer}/sessions/current`, { token })
  const again = held.refreshToken === undefined ? undefined : await refresh(issuer, strategy, held.refreshToken)
  return [
    finding('sign out', `${signedOut.status}`, signedOut.status < 300),
    finding('then: at the server', `${after.status}, ended at once`, after.status === 401),
    again === undefined
      ? finding('then: refresh', 'nothing to refresh', true)
      : finding('then: refresh', `${again.status}, ended at once`, again.status === 400),
    finding('then: an open stream there', `ended, ${streamMs} ms after the sign-out`, streamMs < PATIENCE_MS),
    finding('then: at the orders API', `${late.status}, ${late.afterMs} ms after the sign-out`, late.status === 401),
  ]
}

/** An event stream that has begun, and when it ended. */
async function openStream(url: string, token: string | undefined): Promise<{ readonly ended: Promise<number> }> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token ?? ''}` } })
  const reader = response.body?.getReader()
  await reader?.read()
  return { ended: readToEnd(reader).then(() => performance.now()) }
}

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  try {
    let isDone = reader === undefined
    while (!isDone) isDone = (await reader?.read())?.done !== false
  } catch {
    // A stream that is cut ends too.
  }
}

/** Asks again and again until the credential is refused; how long that took from now. */
async function untilRefused(
  url: string,
  token: string | undefined,
): Promise<{ readonly status: number; readonly afterMs: number }> {
  const began = performance.now()
  for (;;) {
    const { status } = await call('GET', url, { token })
    const afterMs = Math.round(performance.now() - began)
    if (status !== 200 || afterMs > PATIENCE_MS) return { status, afterMs }
  }
}

function refresh(issuer: string, applicationId: string, refreshToken: string): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: applicationId }
  return call('POST', `${issuer}/oauth/token`, { form })
}
