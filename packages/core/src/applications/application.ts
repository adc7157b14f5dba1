import type { ApplicationId, Strategy, Transport } from '@counterfoil/protocol'

/** Lifetimes that an application may set apart from the policy, in seconds. */
export interface ApplicationLifetimes {
  readonly accessTokenSeconds?: number | undefined
  /** How long a session lives without use. Not for `stateless`, which sees no use. */
  readonly idleSeconds?: number | undefined
  /** How long a session lives at most. */
  readonly absoluteSeconds?: number | undefined
}

/** What OAuth calls a client: it picks the form and the lifetimes of the sessions that start for it. */
export interface ApplicationSettings {
  readonly id: ApplicationId
  readonly name: string
  readonly strategy: Strategy
  readonly transport: Transport
  /** Who may accept its access tokens, besides the issuer. */
  readonly audience: readonly string[]
  /** Origins whose pages may call with cookies. */
  readonly origins: readonly string[]
  readonly redirectUris: readonly string[]
  /** SHA-256 (base64url) of its secret; with one it is a confidential client and must authenticate at the OAuth endpoints. */
  readonly secretHash?: string | undefined
  readonly lifetimes: ApplicationLifetimes
  /**
   * Whether a session starts only with a proof of possession, so that every token of it is bound to the client's key (RFC 9449). Not for
   * `stateful`, whose tokens are bound to none. Default `false`: a session is bound where its client shows a proof.
   */
  readonly requiresProof?: boolean | undefined
}

/** An application as the database has it. */
export interface Application extends ApplicationSettings {
  /** Only grows. Sessions that began under an older one have ended. */
  readonly generation: number
}
