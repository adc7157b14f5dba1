import { createHash, randomUUID } from 'node:crypto'
import type { JwsAlgorithm } from '../algorithms.ts'
import { START_SECONDS, TestKey } from '../issuer.fixture.ts'

export const URL_OF_CART = 'https://orders.example.com/cart'

/** What a proof says in place of what would be right; a member that is undefined is left out. */
export interface Wrong {
  readonly header?: Readonly<Record<string, unknown>> | undefined
  readonly claims?: Readonly<Record<string, unknown>> | undefined
}

/** SHA-256 of a text in base64url, as `ath` has it. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** A client with a key of its own. */
export class TestClient {
  readonly key: TestKey
  readonly jwk: Readonly<Record<string, unknown>>
  readonly thumbprint: string

  constructor(algorithm: JwsAlgorithm = 'ES256') {
    this.key = new TestKey(algorithm)
    const { crv, e, kty, n, x, y } = this.key.jwk
    this.jwk = JSON.parse(JSON.stringify({ crv, e, kty, n, x, y })) as Record<string, unknown>
    // RFC 7638 §3.2: by name, and nothing else.
    this.thumbprint = hashOf(JSON.stringify(this.jwk))
  }

  /** A proof for `GET` of the cart at the start, unless it says something else. */
  prove({ header, claims }: Wrong = {}, at = START_SECONDS): string {
    const whole = { typ: 'dpop+jwt', alg: this.key.algorithm, jwk: this.jwk, ...header }
    return this.key.sign(whole, { jti: randomUUID(), htm: 'GET', htu: URL_OF_CART, iat: at, ...claims })
  }
}
