import type { Strategy } from '@counterfoil/protocol'

/** An account, as the interface tells it. */
export interface Account {
  readonly id: string
  readonly email: string
  readonly name?: string
  readonly roles: readonly string[]
  readonly created_at: string
}

/** A session, as the interface tells it. Instants are RFC 3339 texts, by the server's clock. */
export interface Session {
  readonly id: string
  readonly client_id: string
  readonly strategy: Strategy
  /** Whether it is the one that asks. */
  readonly current: boolean
  readonly device_label?: string
  readonly address?: string
  readonly user_agent?: string
  readonly started_at: string
  readonly authenticated_at: string
  readonly last_seen_at?: string
  readonly idle_expires_at?: string
  readonly expires_at: string
}

/** What was ended, and by when everybody obeys. */
export interface Revocation {
  readonly incarnation: string
  readonly position: number
  readonly obeyed_by: string
  readonly expired_by: string
  readonly waited_ms: number
}

/** Who is signed in. */
export interface WhoAmI {
  readonly account: Account
  readonly session: Session
}

/** Credentials, as sign-in, refresh and a change of the password answer them; what is in a cookie is not there. */
export interface Credentials {
  readonly access_token?: string
  readonly token_type?: 'Bearer' | 'DPoP'
  /** Seconds. */
  readonly expires_in?: number
  readonly refresh_token?: string
  readonly session_token?: string
}

/** What is shown with a request of these credentials, and how: the access token, or else the session token. */
export function shownOf({ access_token: access, session_token: session, token_type: scheme = 'Bearer' }: Credentials) {
  return { token: access ?? session, scheme }
}
