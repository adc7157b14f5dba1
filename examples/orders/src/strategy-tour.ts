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
export async function tourStrategy(strategy: string, { issuer, orders }: Places): Promise<Finding[]> {
  const findings: Finding[] = []
  const note = (step: string, found: string, expected: boolean): void => void findings.push({ step, found, expected })
  const email = `demo-${strategy}@example.com`

  const signedUp = await call('POST', `${issuer}/accounts`, { json: { email, password: PASSWORD } })
  note('sign up', `${signedUp.status}`, signedUp.status === 201)

  const signedIn = await call('POST', `${issuer}/sessions`, {
    json: { client_id: strategy, email, password: PASSWORD },
  })
  let held = holdingsOf(signedIn)
  note('sign in: the client holds', describe(held), signedIn.status === 201)

  const upstream = await tokenForOrders(held, { issuer, orders })
  const who = await call('GET', `${orders}/whoami`, { token: upstream })
  const how =
    held.sessionToken === undefined
      ? 'verified alone, no call to the server'
      : `by /verify: a token for it, ${remainingSeconds(upstream ?? '')} s`
  note('call the orders API', `${who.status}, ${how}`, who.status === 200)

  if (held.refreshToken !== undefined) {
    const refreshed = await refresh(issuer, strategy, held.refreshToken)
    const rotated = holdingsOf(refreshed).refreshToken !== held.refreshToken
    note(
      'refresh',
      `${refreshed.status}, ${rotated ? 'a new refresh token' : 'the same refresh token'}`,
      refreshed.status === 200,
    )
    held = holdingsOf(refreshed)
  } else note('refresh', 'not needed', true)

  const credential = held.sessionToken ?? held.accessToken
  const stored = strategy !== 'stateless'
  const cart = await call('PUT', `${issuer}/sessions/current/attributes/cart`, { token: credential, json: ['tea'] })
  note(
    'per-session data',
    stored ? `${cart.status}, kept with the session` : `${cart.status}, none`,
    stored === cart.status < 300,
  )

  await signOutAndLookBack()
  return findings

  async function signOutAndLookBack(): Promise<void> {
    const signedOut = await call('DELETE', `${issuer}/sessions/current`, { token: credential })
    note('sign out', `${signedOut.status}`, signedOut.status < 300)
    const after = await call('GET', `${issuer}/sessions/current`, { token: credential })
    note('then: at the server', `${after.status}, ended at once`, after.status === 401)
    if (held.refreshToken === undefined) note('then: refresh', 'nothing to refresh', true)
    else {
      const again = await refresh(issuer, strategy, held.refreshToken)
      note('then: refresh', `${again.status}, ended at once`, again.status === 400)
    }
    const last = held.accessToken ?? upstream
    const late = await call('GET', `${orders}/whoami`, { token: last })
    note(
      'then: at the orders API',
      `${late.status}, for at most ${remainingSeconds(last ?? '')} s more`,
      late.status === 200,
    )
  }
}

/** What the orders API takes: the access token, or for a session token what a gateway gets for it from `/verify`. */
async function tokenForOrders(held: Holdings, { issuer, orders }: Places): Promise<string | undefined> {
  if (held.sessionToken === undefined) return held.accessToken
  const url = `${issuer}/verify?audience=${encodeURIComponent(orders)}`
  const verified = await call('GET', url, { token: held.sessionToken })
  return verified.headers.get('x-access-token') ?? undefined
}

function refresh(issuer: string, applicationId: string, refreshToken: string): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: applicationId }
  return call('POST', `${issuer}/oauth/token`, { form })
}
