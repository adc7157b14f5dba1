import {
  isMark,
  ROUTES,
  STRATEGIES,
  type AccountId,
  type ApplicationId,
  type SessionId,
  type Instant,
} from '@counterfoil/protocol'
import type { Identity } from './decision.ts'
import { describe } from './feed/authority.ts'
import { UnexpectedStatus, type Transport } from './feed/transport.ts'
import { subjectOf, type Checked } from './judgement.ts'
import { isJsonObject, parseJsonObject, type JsonObject } from './strict-json.ts'

/** Where the issuer is asked about one credential, and how. */
export interface IntrospectionParts {
  /** Where the issuer is reached. */
  readonly issuer: string
  readonly key: string
  readonly transport: Transport
  readonly timeoutMs: number
}

/** What the issuer says of a credential: what there is to know of it, that it signs nobody in, or nothing, because it cannot be asked. */
export type Introspected = Checked | 'inactive' | 'unreachable'

/** An answer, and when the question was about to be sent: it speaks of a moment after that. */
export interface IntrospectionAnswer {
  readonly said: Introspected
  readonly askedAt: Instant
}

const KNOWN_STRATEGIES: readonly unknown[] = STRATEGIES

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** What an active answer says (RFC 7662 §2.2, and what records can name); undefined when it lacks something. */
function readIntrospection(answer: JsonObject): Checked | undefined {
  const { sub, client_id: client, sid, strategy, exp, auth_time: authTime, aud, roles, token_type: type } = answer
  const { account_generation: account, client_generation: application, log_position: mark } = answer
  if (!isText(sub) || !isText(client) || !isText(sid) || !isMark(mark) || !isForRequests(type)) return undefined
  if (!isCount(exp) || !isCount(authTime) || !isCount(account) || !isCount(application)) return undefined
  const audience: unknown = typeof aud === 'string' ? [aud] : aud
  if (!isTexts(audience) || !isTexts(roles) || !KNOWN_STRATEGIES.includes(strategy)) return undefined
  const identity: Identity = Object.freeze({
    accountId: sub as AccountId,
    sessionId: sid as SessionId,
    applicationId: client as ApplicationId,
    strategy: strategy as Identity['strategy'],
    roles,
    authenticatedAt: authTime * 1000,
    expiresAt: exp * 1000,
    accountGeneration: account,
    applicationGeneration: application,
    logPosition: mark,
    claims: undefined,
  })
  const claims = { sid: identity.sessionId, sub: identity.accountId, client_id: identity.applicationId }
  const generations = { account_generation: account, client_generation: application, log_position: mark }
  const subject = subjectOf({ ...claims, ...generations })
  return { identity, subject, audience, validFromAt: authTime * 1000, containers: 0, members: 0 }
}

/** A token that is bound to a key came with the claims that say so; what is asked about here is whether it stands. */
function isForRequests(type: unknown): boolean {
  return type === 'Bearer' || type === 'DPoP'
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

/** Asks the issuer about single credentials: for what only it can judge, and while the lease is lost. One request at a time for each. */
export class Introspector {
  readonly #parts: IntrospectionParts
  readonly #flights = new Map<string, Promise<IntrospectionAnswer>>()
  #error: string | undefined
  #asked = 0

  constructor(parts: IntrospectionParts) {
    this.#parts = parts
  }

  /** How often it was asked, and what went wrong last. */
  get figures(): { readonly asked: number; readonly error: string | undefined } {
    return { asked: this.#asked, error: this.#error }
  }

  /** `now` is read before the question is sent. Whoever asks the same meanwhile shares the answer, and its age. */
  ask(token: string, now: Instant): Promise<IntrospectionAnswer> {
    const flight = this.#flights.get(token)
    if (flight !== undefined) return flight
    const asking = this.#ask(token)
      .then((said) => ({ said, askedAt: now }))
      .finally(() => this.#flights.delete(token))
    this.#flights.set(token, asking)
    return asking
  }

  async #ask(token: string): Promise<Introspected> {
    this.#asked++
    try {
      const answer = await this.#request(token)
      this.#error = undefined
      if (answer['active'] === false) return 'inactive'
      const checked = answer['active'] === true ? readIntrospection(answer) : undefined
      // Active, and not for requests: a refresh token shown to a service signs nobody in there.
      if (checked !== undefined || answer['token_type'] === 'refresh_token') return checked ?? 'inactive'
      throw new Error('the answer to an introspection cannot be read')
    } catch (thrown) {
      this.#error = describe(thrown)
      return 'unreachable'
    }
  }

  async #request(token: string): Promise<JsonObject> {
    const { issuer, key, transport, timeoutMs } = this.#parts
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' }
    const request = { url: issuer + ROUTES.introspect, headers, signal: new AbortController().signal }
    const { status, text } = await transport.post(request, new URLSearchParams({ token }).toString(), timeoutMs)
    if (status !== 200) throw new UnexpectedStatus('an introspection', status)
    const answer = parseJsonObject(new TextEncoder().encode(text))?.object
    if (!isJsonObject(answer)) throw new Error('the answer to an introspection is no JSON object')
    return answer
  }
}
