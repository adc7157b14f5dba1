import type { AccountId, SessionId } from '@counterfoil/protocol'

/** A person or service that signs in. */
export interface Account {
  readonly id: AccountId
  /** As it was typed, for people. */
  readonly email: string
  readonly name?: string | undefined
  /** Argon2id, in PHC string format. */
  readonly passwordHash: string
  readonly roles: readonly string[]
  /** Only grows. Sessions that began under an older one have ended, but for `kept`. */
  readonly generation: number
  /** The session that the latest raise spared, and the generation that still holds for it. */
  readonly kept?: { readonly sessionId: SessionId; readonly generation: number } | undefined
  readonly disabled: boolean
  readonly createdAt: number
}

/** The form of an email address that decides whether two are the same: NFC, lower case. Never shown, never mailed to. */
export function canonicalEmail(email: string): string {
  return email.normalize('NFC').toLowerCase()
}
