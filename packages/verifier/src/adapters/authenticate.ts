import type { Strategy } from '@counterfoil/protocol'
import type { Accepted, Decision } from '../decision.ts'
import type { OnStale } from '../judgement.ts'
import type { ProvenRequest } from '../proof/proof-guard.ts'
import { readOnStale } from '../settings.ts'
import { assertKnown, readNumber, readTexts } from '../validation.ts'
import type { Verifier } from '../verifier.ts'
import { ACCEPTED, answerTo, cannotTell, forbid, refuse, refuseSeveral, type ReadyAnswer } from './answers.ts'

export type { ReadyAnswer } from './answers.ts'

/** Who is this: what an adapter asks of each request. */
export interface AuthenticateOptions {
  /** Whether a request without a credential may go on, as nobody. One with a bad credential never may. Default `false`. */
  readonly optional?: boolean | undefined
  /** What to do when the lease is lost. Default: the verifier's. */
  readonly onStale?: OnStale | undefined
  /** The one of the verifier's audiences that this is about. Default: any of them. */
  readonly audience?: string | undefined
  /**
   * A path that answers by itself, for `counterfoil drill`: 204 to whoever is accepted, else what everybody gets. Default: none.
   */
  readonly probe?: string | undefined
}

/** May they pass: what a route asks of whoever it is. */
export interface Requirements {
  /** One of these roles. Default: any role, or none. */
  readonly roles?: readonly string[] | undefined
  /** One of these strategies. Default: any. */
  readonly strategies?: readonly Strategy[] | undefined
  /** `true`: only if every revocation from before the bound would be known. Without the feed none is, so nobody passes: 503. */
  readonly fresh?: boolean | undefined
  /** How long ago the user may have proved who they are, in seconds. */
  readonly maxAuthAgeSeconds?: number | undefined
  /** What to do when the lease is lost, where this route is stricter than the rest. The stricter of the two applies. */
  readonly onStale?: OnStale | undefined
}

/** What of a request tells who sent it. */
export interface Presented {
  readonly method: string
  /** Without the query: a credential is never looked for there (RFC 6750 §2.3). */
  readonly path: string
  /** Every `Authorization` header. */
  readonly authorization: readonly string[]
  /** Every `DPoP` header (RFC 9449 §4.1). Default: none. */
  readonly proofs?: readonly string[] | undefined
}

/** By what a request was let in, so that a route can look again. */
export interface Passport {
  readonly verifier: Verifier
  /** Undefined: nobody, where that is allowed. */
  readonly accepted: Accepted | undefined
  readonly credential: string | undefined
  /** How strictly it was looked at; undefined: as the verifier does. */
  readonly onStale: OnStale | undefined
}

/** A passport, or the answer in its stead. */
export type Judged = { readonly passport: Passport } | { readonly answer: ReadyAnswer }

const AUTHENTICATE_NAMES = ['optional', 'onStale', 'audience', 'probe']
const REQUIREMENT_NAMES = ['roles', 'strategies', 'fresh', 'maxAuthAgeSeconds', 'onStale']
const STRICTNESS: readonly (OnStale | undefined)[] = [undefined, 'accept', 'introspect', 'reject']

/** @throws {TypeError} when the options of `authenticate` could not mean anything. */
export function assertOptions(options: AuthenticateOptions): void {
  assertKnown(options, AUTHENTICATE_NAMES)
  readOnStale(options.onStale, 'introspect')
  assertFlag(options.optional, 'optional')
  const { probe }: { readonly probe?: unknown } = options
  if (probe !== undefined && !(typeof probe === 'string' && probe.startsWith('/')))
    throw new TypeError('probe must be a path that begins with /')
}

/** @throws {TypeError} when a requirement is unknown, and would let everybody pass, or could not mean anything. */
export function assertRequirements(requirements: Requirements): void {
  assertKnown(requirements, REQUIREMENT_NAMES)
  const { roles, strategies, fresh, maxAuthAgeSeconds, onStale } = requirements
  assertList(roles, 'roles')
  assertList(strategies, 'strategies')
  assertFlag(fresh, 'fresh')
  readNumber(maxAuthAgeSeconds, 'maxAuthAgeSeconds', 0)
  readOnStale(onStale, 'introspect')
}

function assertList(value: unknown, name: string): void {
  if (value !== undefined && !Array.isArray(value)) throw new TypeError(`${name} must be a list of texts`)
  if (value !== undefined) readTexts(value, name)
}

function assertFlag(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be true or false`)
}

/** A credential and the scheme that it came with. */
export interface Shown {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly credential: string | undefined
}

/** The credential in an `Authorization` header (RFC 6750 §2.1, RFC 9449 §7.1), whatever it looks like; undefined when there is none of these schemes. */
export function readAuthorization(authorization = ''): Shown {
  if (/^bearer /i.test(authorization)) return { scheme: 'Bearer', credential: authorization.slice(7).trim() }
  if (/^dpop /i.test(authorization)) return { scheme: 'DPoP', credential: authorization.slice(5).trim() }
  return { scheme: 'Bearer', credential: undefined }
}

/** The request that a proof must have been made for. A target that is no path names a host of the sender's choice, and is none that anybody proves. */
function provenBy({ method, path, proofs = [] }: Presented): ProvenRequest {
  return { method, url: path.startsWith('/') ? path : '', headers: proofs }
}

/**
 * Finds out who sends a request. `options` have been asserted.
 *
 * @example
 * ```ts
 * const judged = await authenticateRequest(verifier, { method: 'GET', path: '/orders', authorization: ['Bearer …'] }, {})
 * if ('answer' in judged) respond(judged.answer.status, judged.answer.headers, judged.answer.body)
 * else greet(judged.passport.accepted?.identity.accountId)
 * ```
 */
export async function authenticateRequest(
  verifier: Verifier,
  presented: Presented,
  { optional, onStale, audience, probe }: AuthenticateOptions,
): Promise<Judged> {
  const { method, path, authorization } = presented
  if (authorization.length > 1) return { answer: refuseSeveral() }
  const { scheme, credential } = readAuthorization(authorization[0])
  const isProbe = probe !== undefined && probe === path && method === 'GET'
  if (authorization.length === 0 && optional === true && !isProbe)
    return { passport: { verifier, accepted: undefined, credential, onStale } }
  const proof = scheme === 'DPoP' ? provenBy(presented) : undefined
  const decision = await verifier.verify(credential, { onStale, audience, proof })
  if (decision.outcome !== 'accepted') return { answer: answerTo(decision, undefined, scheme) }
  return isProbe ? { answer: ACCEPTED } : { passport: { verifier, accepted: decision, credential, onStale } }
}

/**
 * Whether whoever was found may pass a route. A route that asks more of revocations or of the age of the sign-in looks at the credential again, which
 * costs no more than it did the first time; what it finds is in the passport that comes back. `requirements` have been asserted.
 */
export async function requirePassage(passport: Passport, requirements: Requirements): Promise<Judged> {
  const { accepted } = passport
  if (accepted === undefined) return { answer: refuse('absent') }
  if (!isAllowed(accepted, requirements)) return { answer: forbid() }
  const { fresh = false, maxAuthAgeSeconds } = requirements
  if (maxAuthAgeSeconds === undefined && requirements.onStale === undefined && (!fresh || accepted.fresh))
    return { passport }
  const { decision, onStale } = await lookAgain(passport, requirements)
  if (decision.outcome !== 'accepted') return { answer: answerTo(decision, maxAuthAgeSeconds) }
  if (fresh && !decision.fresh) return { answer: cannotTell(1000, 'stale') }
  return { passport: { ...passport, accepted: decision, onStale } }
}

interface Looked {
  readonly decision: Decision
  readonly onStale: OnStale | undefined
}

async function lookAgain(passport: Passport, requirements: Requirements): Promise<Looked> {
  const { verifier, credential } = passport
  const { fresh = false, maxAuthAgeSeconds } = requirements
  const onStale = stricter(passport.onStale, requirements.onStale)
  // A proof is good once, and it was checked when the request was let in.
  const proof = 'waived'
  const decision = await verifier.verify(credential, { maxAuthAgeSeconds, onStale, proof })
  if (!fresh || decision.outcome !== 'accepted' || decision.fresh) return { decision, onStale }
  // Only `accept` lets in what is not fresh; to ask is stricter than that, and may help.
  const asked = await verifier.verify(credential, { maxAuthAgeSeconds, onStale: 'introspect', proof })
  return { decision: asked, onStale: 'introspect' }
}

function isAllowed({ identity }: Accepted, { roles, strategies }: Requirements): boolean {
  const hasRole = roles === undefined || roles.some((role) => identity.roles.includes(role))
  return hasRole && (strategies === undefined || strategies.includes(identity.strategy))
}

function stricter(one: OnStale | undefined, other: OnStale | undefined): OnStale | undefined {
  return STRICTNESS.indexOf(one) < STRICTNESS.indexOf(other) ? other : one
}
