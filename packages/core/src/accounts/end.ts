import type { AccountId } from '@counterfoil/protocol'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import type { Caller, Ended } from '../sessions/caller.ts'
import { endBelow } from '../sessions/end.ts'
import type { Use } from '../sessions/session.ts'

/** Ends everything, then removes the personal data. The sign-in must be recent: a borrowed device is not enough (ASVS 7.5.1). */
export async function eraseAccount(issuer: Issuer, { account, session }: Caller, use: Use): Promise<Outcome<Ended>> {
  const ageMs = use.at - session.authenticatedAt
  if (ageMs > issuer.policy.reauthenticationSeconds * 1000) return { refused: 'reauthentication_required' }
  // The event tells that it happened and to which id, and nothing personal: it outlives the data.
  const audit = { at: use.at, kind: 'account.erased', accountId: account.id } as const
  const raised = await issuer.database.eraseAccount(account.id, use.at, audit)
  return raised === undefined
    ? { refused: 'credential_ended' }
    : endBelow(issuer, account.id, raised, undefined, use.at)
}

/** Keeps an account from signing in, and ends all its sessions (ASVS 7.4.2). Enabling it again brings none of them back. */
export async function disableAccount(issuer: Issuer, id: AccountId, now: number): Promise<Ended | undefined> {
  const raised = await issuer.database.disableAccount(id, now, { at: now, kind: 'account.disabled', accountId: id })
  return raised && endBelow(issuer, id, raised, undefined, now)
}
