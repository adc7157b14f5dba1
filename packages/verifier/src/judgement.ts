import type { AccessTokenClaims, LogHead } from '@counterfoil/protocol'
import { areAccessTokenClaims, isFor, validFromAt, type TrustedClaims } from './claims.ts'
import { REFUSED, type Identity, type Refused } from './decision.ts'
import { wordsOf, type IdWords } from './feed/record-table.ts'
import type { TokenSubject } from './feed/view.ts'
import type { ProvenRequest } from './proof/proof-guard.ts'
import { parseJsonObject } from './strict-json.ts'

/** What every token must say. */
export interface Expectations {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly leewayMs: number
}

/**
 * What a route wants when the lease is lost: `reject`, 503; `introspect`, ask the server about this one credential, and 503 if that fails too;
 * `accept`, until the token expires, marked `fresh: false`.
 */
export type OnStale = 'reject' | 'introspect' | 'accept'

/** What one call asks beyond that. */
export interface VerifyOptions {
  /** How long ago the user may have signed in, in seconds (plus the leeway). Default: it does not matter. */
  readonly maxAuthAgeSeconds?: number | undefined
  /** The one of the verifier's audiences that this call is about. Default: any of them. */
  readonly audience?: string | undefined
  /** What to do when the lease is lost. Default: the verifier's. */
  readonly onStale?: OnStale | undefined
  /** A place in the log, as an ending call answered it: decide only if everything up to there is known (G3). */
  readonly minPosition?: LogHead | undefined
  /**
   * The request that the credential came with, if it came with the DPoP scheme (RFC 9449 §7.1): its proof is checked then. Default: it came as a
   * bearer token, and one that is bound to a key is refused. `waived`: the binding is not looked at, for who only wants to know what a
   * credential is, or has had its proof checked already.
   */
  readonly proof?: ProvenRequest | 'waived' | undefined
}

/** A credential whose form and origin are in order; what is left to judge changes with time, call and revocations. */
export interface Checked {
  readonly identity: Identity
  readonly subject: TokenSubject
  readonly audience: string | readonly string[]
  readonly validFromAt: number
  /** How much is in its payload, for who keeps it. */
  readonly containers: number
  readonly members: number
}

type SubjectClaims = Pick<
  AccessTokenClaims,
  'sid' | 'sub' | 'client_id' | 'account_generation' | 'client_generation' | 'log_position'
>

/** What records can name of a credential. Its ids become words when a record is first looked for. */
class Subject implements TokenSubject {
  readonly sessionId: string
  readonly accountId: string
  readonly applicationId: string
  readonly accountGeneration: number
  readonly applicationGeneration: number
  readonly mark: string
  #session: IdWords | undefined
  #account: IdWords | undefined

  constructor(claims: SubjectClaims) {
    this.sessionId = claims.sid
    this.accountId = claims.sub
    this.applicationId = claims.client_id
    this.accountGeneration = claims.account_generation
    this.applicationGeneration = claims.client_generation
    this.mark = claims.log_position
  }

  get session(): IdWords | undefined {
    this.#session ??= wordsOf(this.sessionId)
    return this.#session
  }

  get account(): IdWords | undefined {
    this.#account ??= wordsOf(this.accountId)
    return this.#account
  }
}

/** What records can name of a credential with these claims. */
export function subjectOf(claims: SubjectClaims): TokenSubject {
  return new Subject(claims)
}

function identify(claims: TrustedClaims): Identity {
  const { sub, sid, client_id: applicationId, strategy, roles } = claims
  const instants = { authenticatedAt: claims.auth_time * 1000, expiresAt: claims.exp * 1000 }
  const standing = {
    accountGeneration: claims.account_generation,
    applicationGeneration: claims.client_generation,
    logPosition: claims.log_position,
  }
  return Object.freeze({
    accountId: sub,
    sessionId: sid,
    applicationId,
    strategy,
    roles,
    ...instants,
    ...standing,
    claims,
  })
}

/** Reads the payload of a token whose signature has been checked: form, issuer and audience (RFC 9068 §4). */
export function readToken(payload: Uint8Array, { issuer, audiences }: Expectations): Checked | Refused {
  const parsed = parseJsonObject(payload)
  if (parsed === undefined) return REFUSED.malformed
  const { object: claims, containers, members } = parsed
  if (typeof claims['iss'] === 'string' && claims['iss'] !== issuer) return REFUSED['wrong-issuer']
  if (!areAccessTokenClaims(claims)) return REFUSED.malformed
  if (!isFor(claims, audiences)) return REFUSED['wrong-audience']
  const identity = identify(claims)
  return {
    identity,
    subject: subjectOf(claims),
    audience: claims.aud,
    validFromAt: validFromAt(claims),
    containers,
    members,
  }
}

/** Why a checked credential is not good at an instant, for one call; undefined when nothing about it speaks against that. */
export function judgeToken(
  { identity, audience: aud, validFromAt }: Checked,
  now: number,
  leewayMs: number,
  call: VerifyOptions | undefined,
): Refused | undefined {
  if (now >= identity.expiresAt + leewayMs) return REFUSED.expired
  if (now < validFromAt - leewayMs) return REFUSED['not-yet-valid']
  if (call === undefined) return undefined
  const { maxAuthAgeSeconds, audience } = call
  if (audience !== undefined && !isFor({ aud }, [audience])) return REFUSED['wrong-audience']
  const isTooOld =
    maxAuthAgeSeconds !== undefined && now - identity.authenticatedAt > maxAuthAgeSeconds * 1000 + leewayMs
  return isTooOld ? REFUSED['too-old-authentication'] : undefined
}
