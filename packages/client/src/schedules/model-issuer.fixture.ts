import { ROUTES } from '@counterfoil/protocol'

/** What becomes of a request: it arrives and is answered; it never arrives; its answer is lost, or cut; somebody in between, or the issuer, is out of order. */
export type Fate = 'answered' | 'refused' | 'lost' | 'cut' | 'outage' | 'proxy page'

/** Where the cookies of one browser are. */
export interface CookieJar {
  refresh?: string | undefined
}

interface ModelSession {
  readonly id: string
  generation: number
  isOver: boolean
}

const API = 'https://api.test'
const ISSUER = 'https://issuer.test'

/**
 * The rules that a client relies on, of an issuer with one hybrid application whose refresh token is in a cookie (rotation.md): the newest refresh token and
 * the one before it get the same successor; an older one is theft, and ends the session. And an API that takes access tokens of the present age.
 */
export class ModelIssuer {
  readonly sessions: ModelSession[] = []
  /** Sessions that were ended because an old refresh token came. */
  readonly thefts: string[] = []
  readonly rotations: string[] = []
  /** What has arrived with a token of a session that somebody had signed out of before the call was made. */
  #age = 0

  /** Access tokens made until now are too old. */
  grow(): void {
    this.#age++
  }

  /** Answers a request, and sets cookies; what becomes of it on its way is somebody else's concern. */
  async answer(
    request: Request,
    jar: CookieJar,
  ): Promise<{ readonly response: Response; readonly arrive: () => void }> {
    const { origin, pathname } = new URL(request.url)
    if (origin === API) return plain(this.#serve(request))
    switch (`${request.method} ${pathname}`) {
      case `POST ${ROUTES.sessions}`:
        return this.#begin(jar)
      case `POST ${ROUTES.token}`:
        return this.#refresh(jar)
      case `GET ${ROUTES.currentSession}`:
        return plain(this.#whoAmI(request))
      case `POST ${ROUTES.revoke}`:
        return plain(await this.#revoke(request))
      case `DELETE ${ROUTES.currentSession}`:
        return this.#end(request, jar)
      default:
        throw new Error(`the model knows no ${request.method} ${pathname}`)
    }
  }

  #begin(jar: CookieJar) {
    const session = { id: `s${this.sessions.length}`, generation: 0, isOver: false }
    this.sessions.push(session)
    return this.#handOver(session, jar, 201)
  }

  #refresh(jar: CookieJar) {
    if (jar.refresh === undefined)
      return plain(json(400, { error: 'invalid_request', error_description: 'refresh_token: It is missing.' }))
    const [id, generation] = jar.refresh.split('.')
    const session = this.sessions.find((each) => each.id === id)
    const age = session === undefined ? Infinity : session.generation - Number(generation)
    if (session !== undefined && age > 1 && !session.isOver) {
      session.isOver = true
      this.thefts.push(session.id)
    }
    if (session === undefined || session.isOver) return plain(json(400, { error: 'invalid_grant' }))
    if (age === 0) {
      session.generation++
      this.rotations.push(`${session.id}.${session.generation}`)
    }
    return this.#handOver(session, jar, 200)
  }

  #handOver(session: ModelSession, jar: CookieJar, status: number) {
    const claims = { sid: session.id, age: this.#age }
    const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
    const cookie = `${session.id}.${session.generation}`
    const response = json(status, { access_token: token, token_type: 'Bearer', expires_in: 300, ...whoIs(session) })
    return { response, arrive: () => void (jar.refresh = cookie) }
  }

  /** The session that a browser could go on with. */
  sessionIn(jar: CookieJar): string | undefined {
    const id = jar.refresh?.split('.')[0]
    return this.sessions.find((each) => each.id === id && !each.isOver)?.id
  }

  #sessionOf({ headers }: Request): ModelSession | 'expired' | undefined {
    return this.#sessionBy(headers.get('authorization') ?? '')
  }

  #sessionBy(token: string): ModelSession | 'expired' | undefined {
    const [, payload] = token.split('.')
    if (payload === undefined) return undefined
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sid: string; age: number }
    const session = this.sessions.find(({ id, isOver }) => id === claims.sid && !isOver)
    return session !== undefined && claims.age < this.#age ? 'expired' : session
  }

  /** RFC 7009: whatever there was to end, the answer is the same; no cookie is touched. */
  async #revoke(request: Request): Promise<Response> {
    const session = this.#sessionBy(new URLSearchParams(await request.text()).get('token') ?? '')
    if (typeof session === 'object') session.isOver = true
    return json(200, {})
  }

  #serve(request: Request): Response {
    const session = this.#sessionOf(request)
    if (session === undefined) return json(401, { code: 'credential_ended' })
    if (session === 'expired') return json(401, { code: 'credential_expired' })
    return json(200, { sid: session.id })
  }

  #whoAmI(request: Request): Response {
    const session = this.#sessionOf(request)
    if (session === undefined) return json(401, { code: 'credential_ended' })
    if (session === 'expired') return json(401, { code: 'credential_expired' })
    return json(200, whoIs(session))
  }

  #end(request: Request, jar: CookieJar) {
    const session = this.#sessionOf(request)
    if (session === undefined) return plain(json(401, { code: 'credential_ended' }))
    if (session === 'expired') return plain(json(401, { code: 'credential_expired' }))
    session.isOver = true
    return { response: json(200, { revocation: null }), arrive: () => void delete jar.refresh }
  }
}

function whoIs({ id }: ModelSession): object {
  return { account: { id: 'ada', email: 'ada@example.com', roles: [] }, session: { id, client_id: 'shop' } }
}

function plain(response: Response): { readonly response: Response; readonly arrive: () => void } {
  return { response, arrive: () => undefined }
}

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}

export { API as MODEL_API, ISSUER as MODEL_ISSUER }
