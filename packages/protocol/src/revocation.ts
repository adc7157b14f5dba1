import type { AccountId, ApplicationId, KeyId, SessionId } from './ids.ts'

/** A record that ends sessions, or lets nodes forget what they keep of them; `at` is when it was decided, in epoch milliseconds, for people and metrics only. */
export type NewRevocation =
  | { readonly kind: 'session'; readonly sessionId: SessionId; readonly at: number }
  | {
      readonly kind: 'account'
      readonly accountId: AccountId
      /** Ends every session of the account that began under an older generation than this one … */
      readonly generation: number
      /** … but this one. */
      readonly keep?: SessionId | undefined
      readonly at: number
    }
  | { readonly kind: 'client'; readonly applicationId: ApplicationId; readonly generation: number; readonly at: number }
  | { readonly kind: 'key'; readonly keyId: KeyId; readonly at: number }
  /** Ends nothing: what is known of this account or session has changed, for nodes that keep a copy. */
  | { readonly kind: 'changed'; readonly subject: AccountId | SessionId; readonly at: number }

/** A record at its place in the log: integers from 1 on, without gaps. */
export type Revocation = NewRevocation & { readonly position: number }

/** A place in one log. `incarnation` changes whenever the log may have lost a suffix. */
export interface LogHead {
  readonly incarnation: string
  readonly position: number
}
