import { PROOF_HEADER, PROOF_NONCE_HEADER, PROOF_TYPE } from '@counterfoil/protocol'
import { encodeBase64url } from '../base64url.ts'
import type { Environment, ProofKey } from '../environment.ts'

/** Proves that this client has its key (DPoP, RFC 9449), request by request. */
export class Prover {
  readonly #environment: Environment
  readonly #name: string
  readonly #isOn: boolean
  #key: ProofKey | undefined
  /** Whether there may be a key that could not be had. */
  #isUnsure = false
  /** The last nonce of each origin (§8.2). */
  readonly #nonces = new Map<string, string>()
  /** The server's clock less the device's, in milliseconds. */
  skewMs = 0

  constructor(environment: Environment, name: string, isOn: boolean) {
    this.#environment = environment
    this.#name = name
    this.#isOn = isOn
  }

  /** The key, if there is one or, with `make`, can be one. */
  async key(make: boolean): Promise<ProofKey | undefined> {
    if (!this.#isOn) return undefined
    try {
      this.#key ??= await this.#environment.openKey(this.#name, make)
      this.#isUnsure = false
    } catch {
      this.#isUnsure = true
    }
    return this.#key
  }

  /** Whether it is certain that the key is not there any more. */
  get hasLostKey(): boolean {
    return this.#key === undefined && !this.#isUnsure
  }

  /** Adds the proof of a request. */
  async prove(key: ProofKey, request: Request, token?: string): Promise<void> {
    const { now, randomBytes } = this.#environment
    const { method, url } = request
    // RFC 9449 §4.2: the address is without query and fragment; what is undefined is left out.
    const claims = {
      jti: encodeBase64url(randomBytes(16)),
      htm: method,
      htu: url.split(/[?#]/)[0],
      iat: Math.floor((now() + this.skewMs) / 1000),
      nonce: this.#nonces.get(new URL(url).origin),
      ath: token === undefined ? undefined : await sha256(token),
    }
    const head = { typ: PROOF_TYPE, alg: 'ES256', jwk: key.publicJwk }
    const input = `${encodeJson(head)}.${encodeJson(claims)}`
    request.headers.set(PROOF_HEADER, `${input}.${encodeBase64url(await key.sign(bytesOf(input)))}`)
  }

  /** Keeps the nonce that came with an answer. */
  note({ url }: Request, { headers }: Response): void {
    const nonce = headers.get(PROOF_NONCE_HEADER)
    if (nonce !== null) this.#nonces.set(new URL(url).origin, nonce)
  }
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const encodeJson = (value: object): string => encodeBase64url(bytesOf(JSON.stringify(value)))

async function sha256(text: string): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(text))))
}
