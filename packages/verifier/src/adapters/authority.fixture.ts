import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { FEED_EVENTS, wireOfLease, wireOfPush, type Revocation, type SessionId } from '@counterfoil/protocol'
import { TestKey } from '../issuer.fixture.ts'

const INCARNATION = 'AAAAAAAAAAAAAAAAAAAAAA'
const KEY = new TestKey('EdDSA')

/** An issuer on a real port that grants leases, pushes, signs and introspects; it can be told to be out of reach, or to grant no more leases. */
export class TestAuthority {
  readonly jwks = { keys: [KEY.jwk] }
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  readonly #streams = new Set<ServerResponse>()
  readonly #records: Revocation[] = []
  isAway = false
  grantsLeases = true
  leaseMs = 60_000

  get issuer(): string {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
  }

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  /** An access token, and the session that it is of. */
  token(claims: object = {}): { readonly token: string; readonly sessionId: SessionId } {
    const sessionId = randomBytes(16).toString('base64url') as SessionId
    const now = Math.floor(Date.now() / 1000)
    const times = { iat: now, exp: now + 300, auth_time: now }
    const ids = { sub: randomBytes(16).toString('base64url'), sid: sessionId }
    const audience = { iss: this.issuer, aud: [this.issuer], log_position: 'AAAAAAAA.0' }
    return { token: KEY.token({ ...times, ...ids, ...audience, ...claims }), sessionId }
  }

  revoke(sessionId: SessionId): void {
    const after = this.#records.length
    const record: Revocation = { kind: 'session', sessionId, at: Date.now(), position: after + 1 }
    this.#records.push(record)
    for (const stream of this.#streams) stream.write(frame(after, [record]))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isAway) return void response.destroy()
    let body = ''
    for await (const chunk of request) body += String(chunk)
    if (request.url === '/revocations/lease') return this.#lease(body, response)
    if (request.url === '/oauth/introspect') return void response.end(JSON.stringify(this.#introspect(body)))
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n')
    const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'))
    const records = this.#records.slice(after)
    if (records.length > 0) response.write(frame(after, records))
    this.#streams.add(response)
    response.once('close', () => this.#streams.delete(response))
  }

  #introspect(body: string): object {
    const [, payload = ''] = new URLSearchParams(body).get('token')?.split('.') ?? []
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly sid?: unknown }
    const isRevoked = this.#records.some((record) => record.kind === 'session' && record.sessionId === claims.sid)
    return isRevoked ? { active: false } : { ...claims, active: true, token_type: 'Bearer' }
  }

  #lease(body: string, response: ServerResponse): void {
    if (!this.grantsLeases) return void response.writeHead(503).end()
    const { after } = JSON.parse(body) as { after?: number }
    const head = { incarnation: INCARNATION, position: this.#records.length }
    const records = this.#records.slice(after ?? 0)
    const floor = after === undefined ? 0 : undefined
    response.end(JSON.stringify(wireOfLease({ head, leaseMs: this.leaseMs, retainMs: 310_000, records, floor })))
  }
}

function frame(after: number, records: readonly Revocation[]): string {
  const head = { incarnation: INCARNATION, position: after + records.length }
  return `event: ${FEED_EVENTS.records}\ndata: ${JSON.stringify(wireOfPush({ head, after, records }))}\n\n`
}
