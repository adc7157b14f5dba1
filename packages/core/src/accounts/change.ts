import type { AccountId } from '@counterfoil/protocol'
import { carryOut } from '../credentials/carry-out.ts'
import { judgePassword } from '../credentials/password-rules.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome, Refusal } from '../refusal.ts'
import type { Caller, Ended, SignedIn } from '../sessions/caller.ts'
import { endBelow } from '../sessions/end.ts'
import { renewSession } from '../sessions/renew.ts'
import type { Use } from '../sessions/session.ts'
import type { Account } from './account.ts'

/** What the owner changes; a name of `null` is taken away. */
export interface AccountChange {
  readonly email?: string | undefined
  readonly name?: string | null | undefined
  readonly currentPassword?: string | undefined
}

/** Changes name or email. The email is what one signs in with, so its change needs the password (ASVS 7.5.1), and is held to a number. */
export async function changeAccount(
  issuer: Issuer,
  { account }: Caller,
  { email, name, currentPassword }: AccountChange,
  use: Use,
): Promise<Outcome<Account>> {
  if (email === undefined) return writeChange(issuer, account, { name }, use)
  const refusal = await provePassword(issuer, account, currentPassword, use)
  if (refusal !== undefined) return refusal
  // Whoever may change their address as often as they like can try any number of others for an account (ASVS 6.3.8).
  const admission = await issuer.throttle.admit('email-change', { account: account.id, address: use.address })
  if (!admission.admitted) return { refused: 'too_many_attempts', retryAfterMs: admission.retryAfterMs }
  return carryOut(admission, () => writeChange(issuer, account, { email, name }, use))
}

async function writeChange(
  issuer: Issuer,
  { id }: Account,
  { email, name }: Omit<AccountChange, 'currentPassword'>,
  use: Use,
): Promise<Outcome<Account>> {
  const changed = [email !== undefined && 'email', name !== undefined && 'name'].filter((member) => member !== false)
  const audit = { ...use, kind: 'account.changed', accountId: id, detail: { changed } } as const
  const outcome = await issuer.database.changeAccount(id, { email, name }, audit)
  if (outcome === 'email-taken') return { refused: 'email_taken', field: '/email' }
  if (outcome === 'absent') return { refused: 'credential_ended' }
  await announceChange(issuer, id, use.at)
  return outcome
}

/**
 * Lets every node forget what it keeps of the account. The change has been made by then: a node that does not hear of it, because this one dies
 * here, reads the account anew within a minute.
 */
async function announceChange({ log, near }: Issuer, subject: AccountId, at: number): Promise<void> {
  const record = { kind: 'changed', subject, at } as const
  near.note([record])
  await log.append([record])
}

/** Changes the password, ends all other sessions, and starts a new generation of this one (ASVS 6.2.3, 7.2.4, 7.4.3). */
export async function changePassword(
  issuer: Issuer,
  caller: Caller,
  input: { readonly currentPassword: string; readonly newPassword: string },
  use: Use,
): Promise<Outcome<SignedIn & { readonly ended: Ended }>> {
  const { account, session } = caller
  const refusal = await provePassword(issuer, account, input.currentPassword, use)
  if (refusal !== undefined) return refusal
  const { email, name } = account
  const fault = judgePassword(input.newPassword, { email, name, issuer: issuer.issuer }, issuer.policy)
  if (fault !== undefined) return { refused: 'password_unacceptable', detail: fault.detail, field: '/new_password' }
  const hashed = await issuer.passwords.hash(input.newPassword)
  if (hashed === 'busy') return { refused: 'busy', retryAfterMs: 1000 }
  const audit = { ...use, kind: 'account.password_changed', accountId: account.id, sessionId: session.id } as const
  const raised = await issuer.database.changePassword(
    account.id,
    { from: account.passwordHash, to: hashed, at: use.at },
    audit,
  )
  if (raised === 'absent') return { refused: 'credential_ended' }
  // Somebody changed it while this was being proved: what was proved is not the current password any more.
  if (raised === 'stale') return { refused: 'wrong_password', field: '/current_password' }
  const ended = await endBelow(issuer, account.id, raised, session.id, use.at)
  const renewed = await renewSession(
    issuer,
    caller,
    { ...account, passwordHash: hashed, generation: raised.generation, kept: undefined },
    use,
  )
  return renewed === undefined ? { refused: 'credential_ended' } : { ...renewed, ended }
}

async function provePassword(
  issuer: Issuer,
  account: Account,
  password: string | undefined,
  use: Use,
): Promise<Refusal | undefined> {
  const field = '/current_password'
  if (password === undefined) return { refused: 'wrong_password', field, detail: 'The current password is needed.' }
  const admission = await issuer.throttle.admit('password-change', { account: account.id, address: use.address })
  if (!admission.admitted) return { refused: 'too_many_attempts', retryAfterMs: admission.retryAfterMs }
  const verdict = await carryOut(admission, () => issuer.passwords.verify(account.passwordHash, password))
  await admission.settle(verdict === 'mismatch' ? 'failed' : 'undecided')
  if (verdict === 'busy') return { refused: 'busy', retryAfterMs: 1000 }
  return verdict === 'mismatch' ? { refused: 'wrong_password', field } : undefined
}
