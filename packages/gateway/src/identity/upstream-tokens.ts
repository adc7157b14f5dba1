import { sign, type KeyObject } from 'node:crypto'
import { ACCESS_TOKEN_TYPE, encodeBase64url, type AccessTokenClaims } from '@counterfoil/protocol'
import type { Identity } from '@counterfoil/verifier'

/** A key that signs, and what it is called in the key set. */
export interface GatewayKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** How tokens for upstreams are made. */
export interface UpstreamTokenSettings {
  /** What `iss` is. */
  readonly issuer: string
  readonly key: GatewayKey
  readonly seconds: number
  /** Epoch milliseconds. */
  readonly now: () => number
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array
}

interface Minted {
  readonly text: string
  readonly freshUntil: number
}

/** The part of its life that a token has at least before it when it reaches a service. */
const LEAST_REST = 0.25

/**
 * Makes short tokens for single services, signed by the gateway's own key (Ed25519, RFC 8037): a session cookie outside becomes a token inside, and a
 * token that opens many doors one that opens this. One is used for as long as it is fresh and its caller's credential lives; whoever is refused
 * gets none, so that a revocation ends it within its life.
 */
export class UpstreamTokens {
  readonly #settings: UpstreamTokenSettings
  readonly #header: string
  /** By identity: all requests with one credential have the same one. */
  readonly #minted = new WeakMap<Identity, Map<string, Minted>>()

  constructor(settings: UpstreamTokenSettings) {
    this.#settings = settings
    this.#header = encode({ alg: 'EdDSA', typ: ACCESS_TOKEN_TYPE, kid: settings.key.kid })
  }

  /** The token of a caller for a service. */
  mint(identity: Identity, audience: string): string {
    const now = this.#settings.now()
    let minted = this.#minted.get(identity)
    const known = minted?.get(audience)
    if (known !== undefined && now < known.freshUntil) return known.text
    if (minted === undefined) this.#minted.set(identity, (minted = new Map()))
    const made = this.#make(identity, audience, now)
    minted.set(audience, made)
    return made.text
  }

  #make(identity: Identity, audience: string, now: number): Minted {
    const { issuer, key, seconds, random } = this.#settings
    const issuedAt = Math.floor(now / 1000)
    const expiresAt = Math.min(issuedAt + seconds, Math.ceil(identity.expiresAt / 1000))
    const claims: AccessTokenClaims = {
      iss: issuer,
      sub: identity.accountId,
      aud: audience,
      client_id: identity.applicationId,
      sid: identity.sessionId,
      jti: encodeBase64url(random(16)),
      iat: issuedAt,
      exp: expiresAt,
      auth_time: Math.floor(identity.authenticatedAt / 1000),
      amr: identity.claims?.amr ?? [],
      strategy: identity.strategy,
      account_generation: identity.accountGeneration,
      client_generation: identity.applicationGeneration,
      log_position: identity.logPosition,
      roles: identity.roles,
    }
    const input = `${this.#header}.${encode(claims)}`
    const text = `${input}.${encodeBase64url(sign(null, Buffer.from(input), key.privateKey))}`
    const lifeMs = expiresAt * 1000 - now
    return { text, freshUntil: now + lifeMs * (1 - LEAST_REST) }
  }
}

function encode(value: object): string {
  return encodeBase64url(Buffer.from(JSON.stringify(value)))
}
