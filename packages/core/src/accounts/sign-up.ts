import type { AccountId, ApplicationId } from '@counterfoil/protocol'
import { carryOut } from '../credentials/carry-out.ts'
import { judgePassword } from '../credentials/password-rules.ts'
import type { Issuer } from '../issuer.ts'
import { drawId } from '../random.ts'
import { isRefusal, type Outcome } from '../refusal.ts'
import type { SignedIn } from '../sessions/caller.ts'
import { startInPlace, type Held } from '../sessions/renew.ts'
import type { Use } from '../sessions/session.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import type { Account } from './account.ts'

/** What an account is made of. */
export interface SignUp {
  readonly email: string
  readonly password: string
  readonly name?: string | undefined
  readonly roles?: readonly string[] | undefined
}

/** A person makes an account: held to the number of sign-ups that an address may have. */
export async function signUp(issuer: Issuer, input: SignUp, use: Use): Promise<Outcome<Account>> {
  const admission = await issuer.throttle.admit('sign-up', { address: use.address })
  if (!admission.admitted) return { refused: 'too_many_attempts', retryAfterMs: admission.retryAfterMs }
  return carryOut(admission, async () => {
    const outcome = await registerAccount(issuer, input, use)
    if (isRefusal(outcome) && outcome.refused === 'busy') await admission.settle('undecided')
    return outcome
  })
}

/**
 * The same, and signs in at once: the password has just been chosen, so nobody asks for it a second time. Without `signedIn` the account has been made,
 * and its session could not be started.
 */
export async function signUpAndIn(
  issuer: Issuer,
  input: SignUp & { readonly applicationId: ApplicationId; readonly held?: Held | undefined },
  use: Use,
): Promise<Outcome<{ readonly account: Account; readonly signedIn?: SignedIn | undefined }>> {
  const application = await issuer.database.findApplication(input.applicationId)
  if (application === undefined) return { refused: 'unknown_application', field: '/client_id' }
  const position = issuer.feed.position()
  const account = await signUp(issuer, input, use)
  if (isRefusal(account)) return account
  try {
    const outcome = await startInPlace(issuer, { account, application, position }, use, { held: input.held })
    return { account, signedIn: isRefusal(outcome) ? undefined : outcome }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    return { account }
  }
}

/** Makes an account, whoever asks for it. */
export async function registerAccount(issuer: Issuer, input: SignUp, use: Use): Promise<Outcome<Account>> {
  const { email, name } = input
  const fault = judgePassword(input.password, { email, name, issuer: issuer.issuer }, issuer.policy)
  if (fault !== undefined) return { refused: 'password_unacceptable', detail: fault.detail, field: '/password' }
  const hashed = await issuer.passwords.hash(input.password)
  if (hashed === 'busy') return { refused: 'busy', retryAfterMs: 1000 }
  const account = {
    id: drawId<AccountId>(issuer.random),
    email,
    name,
    passwordHash: hashed,
    roles: input.roles ?? [],
    createdAt: use.at,
  }
  const audit = { ...use, kind: 'account.registered', accountId: account.id } as const
  const registered = await issuer.database.registerAccount(account, audit)
  if (registered === 'email-taken') return { refused: 'email_taken', field: '/email' }
  return { ...account, generation: 0, disabled: false }
}
