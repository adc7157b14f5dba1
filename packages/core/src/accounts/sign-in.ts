import type { ApplicationId } from '@counterfoil/protocol'
import type { Application } from '../applications/application.ts'
import { carryOut } from '../credentials/carry-out.ts'
import type { Admission } from '../credentials/throttle.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import type { SignedIn } from '../sessions/caller.ts'
import type { KeyProof } from '../sessions/key-proof.ts'
import { startInPlace, type Held } from '../sessions/renew.ts'
import type { Use } from '../sessions/session.ts'
import { canonicalEmail, type Account } from './account.ts'

/** Who wants to sign in, and where. */
export interface SignIn {
  readonly applicationId: ApplicationId
  readonly email: string
  readonly password: string
  readonly deviceLabel?: string | undefined
  /** Of the key that the session shall be bound to (RFC 9449 §5); a stateful session is bound to none. */
  readonly proof?: KeyProof | undefined
  /** What the client holds until now, where that is known; it goes on, or it ends. */
  readonly held?: Held | undefined
}

/**
 * Signs in with email and password. An unknown account, a wrong password and a disabled account are refused in the same
 * words and after the same work (ASVS 6.3.8).
 */
export async function signIn(issuer: Issuer, input: SignIn, use: Use): Promise<Outcome<SignedIn>> {
  const application = await issuer.database.findApplication(input.applicationId)
  if (application === undefined) return { refused: 'unknown_application', field: '/client_id' }
  if (input.proof === undefined && application.requiresProof === true && application.strategy !== 'stateful')
    return { refused: 'invalid_dpop_proof', detail: 'Sessions of this application are bound to a key: send a proof.' }
  const who = { account: canonicalEmail(input.email), address: use.address }
  const admission = await issuer.throttle.admit('sign-in', who)
  if (!admission.admitted) return { refused: 'too_many_attempts', retryAfterMs: admission.retryAfterMs }
  return carryOut(admission, () => provePassword(issuer, input, application, admission, use))
}

async function provePassword(
  issuer: Issuer,
  input: SignIn,
  application: Application,
  admission: Admission & { readonly admitted: true },
  use: Use,
): Promise<Outcome<SignedIn>> {
  const position = issuer.feed.position()
  const account = await issuer.database.findAccountByEmail(input.email)
  const verdict = await issuer.passwords.verify(account?.passwordHash, input.password)
  if (verdict === 'busy') {
    await admission.settle('undecided')
    return { refused: 'busy', retryAfterMs: 1000 }
  }
  if (verdict === 'mismatch' || account === undefined || account.disabled) {
    await admission.settle('failed')
    const known = { accountId: account?.id, applicationId: application.id }
    await issuer.database.recordAudit({ ...use, kind: 'session.refused', ...known })
    return { refused: 'sign_in_failed' }
  }
  await admission.settle('succeeded')
  await rehashIfWeaker(issuer, account, input.password, use)
  return startInPlace(issuer, { account, application, position }, use, input)
}

/** The password is at hand only now: a hash made with lesser parameters than today's is replaced (ASVS 11.4.2). */
async function rehashIfWeaker(issuer: Issuer, account: Account, password: string, use: Use): Promise<void> {
  if (!issuer.passwords.needsRehash(account.passwordHash)) return
  const hash = await issuer.passwords.hash(password)
  if (hash === 'busy') return
  const audit = { ...use, kind: 'account.password_rehashed', accountId: account.id } as const
  await issuer.database.rehashPassword(account.id, account.passwordHash, hash, audit)
}
