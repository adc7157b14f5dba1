import { beforeEach, describe, expect, it } from 'vitest'
import {
  application,
  happened,
  HYBRID,
  openBench,
  ORIGIN,
  PASSWORD,
  refreshTokenOf,
  sessionTokenOf,
  signIn,
  STATEFUL,
  STATELESS,
  type Bench,
} from '../auth.fixture.ts'
import { createAuth } from '../auth.ts'
import { createPolicy } from '../policy.ts'
import { isRefusal } from '../refusal.ts'
import type { Caller } from '../sessions/caller.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'

let bench: Bench

beforeEach(async () => {
  bench = await openBench(createMemoryStores())
})

const NEW_PASSWORD = 'another battery horse'
const attempt = (password: string, email = 'ada@example.com', origin = ORIGIN): ReturnType<Bench['auth']['signIn']> =>
  bench.auth.signIn({ applicationId: HYBRID, email, password }, origin)

async function statefulCaller(): Promise<{ caller: Caller; token: string }> {
  const token = sessionTokenOf(await signIn(bench, STATEFUL))
  return { caller: happened(await bench.auth.recogniseSessionToken(token)), token }
}

describe('signing up', () => {
  it('takes an address once, whatever its case', async () => {
    happened(await bench.auth.signUp({ email: 'Ada@Example.com', password: PASSWORD }, ORIGIN))
    expect(await bench.auth.signUp({ email: 'ada@example.COM', password: PASSWORD }, ORIGIN)).toMatchObject({
      refused: 'email_taken',
    })
  })

  it('says what is wrong with a password, and where', async () => {
    const refused = await bench.auth.signUp({ email: 'ada@example.com', password: 'password1' }, ORIGIN)
    expect(refused).toMatchObject({ refused: 'password_unacceptable', field: '/password' })
  })

  it('V6.3.1 is held to a number per address and hour', async () => {
    bench = await openBench(createMemoryStores(), { signUpsPerAddress: 2 })
    const up = (name: string, address: string): ReturnType<Bench['auth']['signUp']> =>
      bench.auth.signUp({ email: `${name}@example.com`, password: PASSWORD }, { address })
    happened(await up('a', '192.0.2.1'))
    happened(await up('b', '192.0.2.1'))
    expect(await up('c', '192.0.2.1')).toMatchObject({ refused: 'too_many_attempts', retryAfterMs: 3_600_000 })
    happened(await up('c', '192.0.2.2'))
  })
})

describe('signing in', () => {
  it('V6.3.8 refuses an unknown account, a wrong password and a disabled account in the same words', async () => {
    const { account } = await signIn(bench, HYBRID)
    const wrong = await attempt('not the password')
    const unknown = await attempt('not the password', 'nobody@example.com')
    await bench.auth.disableAccount(account.id)
    const disabled = await attempt(PASSWORD)
    expect([wrong, unknown, disabled]).toEqual(Array.from({ length: 3 }, () => ({ refused: 'sign_in_failed' })))
  })

  it('V6.2.10 takes a password for as long as it is the right one', async () => {
    await signIn(bench, HYBRID)
    bench.clock.forward(10 * 365 * 86_400)
    happened(await attempt(PASSWORD))
  })

  it('hashes a password anew when the policy has become stricter, and only then', async () => {
    await signIn(bench, HYBRID)
    const { database } = bench.stores
    const before = await database.findAccountByEmail('ada@example.com')
    happened(await attempt(PASSWORD))
    expect(await database.findAccountByEmail('ada@example.com')).toEqual(before)
    const stricter = createPolicy({ passwordMemoryKib: 7_168, passwordPasses: 2 })
    const secret = new Uint8Array(32).fill(9)
    const { clock } = bench
    const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
    const parts = { issuer: 'https://auth.example.com', secret, policy: stricter, clock, random }
    const auth = await createAuth({ ...bench.stores, ...parts })
    happened(await auth.signIn({ applicationId: HYBRID, email: 'ada@example.com', password: PASSWORD }, ORIGIN))
    const after = await database.findAccountByEmail('ada@example.com')
    expect(after?.passwordHash).toContain('t=2')
    expect(after?.generation).toBe(before?.generation)
    happened(await attempt(PASSWORD))
  })

  it('V6.3.1 guesses are held to a number, and the owner still signs in from where they have been', async () => {
    bench = await openBench(createMemoryStores(), { signInAttemptsPerSource: 3, signInAttemptsPerAccount: 5 })
    await signIn(bench, HYBRID)
    for (let at = 0; at < 40; at++)
      await attempt('a guess', 'ada@example.com', { ...ORIGIN, address: `198.51.100.${at}` })
    expect(await attempt(PASSWORD, 'ada@example.com', { ...ORIGIN, address: '203.0.113.7' })).toMatchObject({
      refused: 'too_many_attempts',
    })
    happened(await attempt(PASSWORD))
    bench.clock.forward(bench.policy.signInWindowSeconds)
    happened(await attempt(PASSWORD, 'ada@example.com', { ...ORIGIN, address: '203.0.113.7' }))
  })

  it('V6.3.1 parallel guesses do not all pass before the first is counted', async () => {
    bench = await openBench(createMemoryStores(), { signInAttemptsPerSource: 3 })
    await signIn(bench, HYBRID)
    const guesses = await Promise.all(Array.from({ length: 20 }, () => attempt('a guess')))
    const refused = guesses.map((guess) => (isRefusal(guess) ? guess.refused : 'in'))
    expect(refused.filter((code) => code === 'sign_in_failed')).toHaveLength(3)
    expect(refused.filter((code) => code === 'too_many_attempts')).toHaveLength(17)
  })

  it('answers busy when too many passwords are being checked, and counts that against nobody', async () => {
    bench = await openBench(createMemoryStores(), {
      passwordConcurrency: 1,
      passwordQueueLength: 0,
      signInAttemptsPerSource: 3,
    })
    await signIn(bench, HYBRID)
    const answers = await Promise.all(Array.from({ length: 3 }, () => attempt(PASSWORD)))
    expect(answers.filter((answer) => isRefusal(answer) && answer.refused === 'busy')).toHaveLength(2)
    happened(await attempt(PASSWORD))
    happened(await attempt(PASSWORD))
  })

  it('what could not be carried out for want of the store counts against nobody', async () => {
    bench = await openBench(createMemoryStores(), { signInAttemptsPerSource: 2, signUpsPerAddress: 2 })
    await signIn(bench, HYBRID)
    const { database } = bench.stores
    const [find, register] = [database.findAccountByEmail.bind(database), database.registerAccount.bind(database)]
    database.findAccountByEmail = () => Promise.reject(new StoreUnavailable('away'))
    database.registerAccount = () => Promise.reject(new StoreUnavailable('away'))
    const up = (email: string): ReturnType<Bench['auth']['signUp']> =>
      bench.auth.signUp({ email, password: PASSWORD }, ORIGIN)
    for (let round = 0; round < 5; round++) {
      await expect(attempt(PASSWORD)).rejects.toThrow(StoreUnavailable)
      await expect(up('bob@example.com')).rejects.toThrow(StoreUnavailable)
    }
    Object.assign(database, { findAccountByEmail: find, registerAccount: register })
    happened(await attempt(PASSWORD))
    happened(await up('bob@example.com'))
  })

  it('V6.3.2 there is no account that nobody made', async () => {
    expect(await bench.stores.database.listAccounts(undefined, 10)).toEqual([])
  })
})

describe('changing the password', () => {
  it('V6.2.2 V6.2.3 V7.4.3 needs the current one, and ends every other session', async () => {
    const others = [await signIn(bench, HYBRID), await signIn(bench, STATELESS)] as const
    const { caller } = await statefulCaller()
    const wrong = { currentPassword: 'not it', newPassword: NEW_PASSWORD }
    expect(await bench.auth.changePassword(caller, wrong, ORIGIN)).toMatchObject({ refused: 'wrong_password' })
    happened(await bench.auth.refresh(refreshTokenOf(others[0]), HYBRID, ORIGIN))
    happened(await bench.auth.changePassword(caller, { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }, ORIGIN))
    for (const other of others) {
      const outcome = await bench.auth.refresh(refreshTokenOf(other), other.application.id, ORIGIN)
      expect(outcome).toMatchObject({ refused: 'credential_ended' })
    }
    expect(await attempt(PASSWORD)).toMatchObject({ refused: 'sign_in_failed' })
    happened(await attempt(NEW_PASSWORD))
  })

  it('V7.2.4 gives this session a new token, and the old one dies', async () => {
    const { caller, token } = await statefulCaller()
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const renewed = happened(await bench.auth.changePassword(caller, input, ORIGIN))
    expect(renewed.session.id).toBe(caller.session.id)
    expect(await bench.auth.recogniseSessionToken(token)).toMatchObject({ refused: 'credential_ended' })
    happened(await bench.auth.recogniseSessionToken(sessionTokenOf(renewed)))
  })

  it('V7.2.4 an earlier refresh token dies with it, and is no verdict of theft against the owner', async () => {
    const before = await signIn(bench, HYBRID)
    const account = await bench.stores.database.findAccountByEmail('ada@example.com')
    if (account === undefined) throw new Error('the account is not there')
    const caller = {
      ...before,
      account,
      accountGeneration: 0,
      applicationGeneration: 0,
      position: bench.auth.feed.position(),
    }
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const renewed = happened(await bench.auth.changePassword(caller, input, ORIGIN))
    bench.clock.forward(60)
    expect(await bench.auth.refresh(refreshTokenOf(before), HYBRID, ORIGIN)).toMatchObject({
      refused: 'credential_ended',
    })
    happened(await bench.auth.refresh(refreshTokenOf(renewed), HYBRID, ORIGIN))
  })

  it('renews a stateless session too', async () => {
    const before = await signIn(bench, STATELESS)
    const account = await bench.stores.database.findAccountByEmail('ada@example.com')
    if (account === undefined) throw new Error('the account is not there')
    const caller = {
      ...before,
      account,
      accountGeneration: 0,
      applicationGeneration: 0,
      position: bench.auth.feed.position(),
    }
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const renewed = happened(await bench.auth.changePassword(caller, input, ORIGIN))
    expect(await bench.auth.refresh(refreshTokenOf(before), STATELESS, ORIGIN)).toMatchObject({
      refused: 'credential_ended',
    })
    happened(await bench.auth.refresh(refreshTokenOf(renewed), STATELESS, ORIGIN))
  })
})

describe('re-authentication', () => {
  it.each([HYBRID, STATEFUL, STATELESS])(
    'NIST 5.2 resets both limits: who signs in to %s again has a session that begins anew',
    async (id) => {
      const former = await signIn(bench, id)
      bench.clock.forward(43_200)
      const fresh = await signIn(bench, id)
      expect(fresh.session.id).not.toBe(former.session.id)
      const passed = (fresh.session.expiresAt - former.session.expiresAt) / 1000
      const idle = ((fresh.session.idleExpiresAt ?? 0) - (former.session.idleExpiresAt ?? 0)) / 1000
      expect([passed, idle]).toEqual([43_200, id === STATELESS ? 0 : 43_200])
    },
  )

  it('NIST 5.2 by a change of password resets inactivity alone: the session still ends when it was to', async () => {
    const { caller } = await statefulCaller()
    bench.clock.forward(43_200)
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const { session } = happened(await bench.auth.changePassword(caller, input, ORIGIN))
    expect(session.expiresAt).toBe(caller.session.expiresAt)
    expect(session.idleExpiresAt).toBe(bench.clock.now() + bench.policy.statefulIdleSeconds * 1000)
  })
})

describe('changing and erasing an account', () => {
  it('V7.5.1 a change of email needs the password, a change of name does not', async () => {
    const { caller } = await statefulCaller()
    expect(happened(await bench.auth.changeAccount(caller, { name: 'Ada L.' }, ORIGIN)).name).toBe('Ada L.')
    const email = 'countess@example.com'
    expect(await bench.auth.changeAccount(caller, { email }, ORIGIN)).toMatchObject({ refused: 'wrong_password' })
    happened(await bench.auth.changeAccount(caller, { email, currentPassword: PASSWORD }, ORIGIN))
    happened(await attempt(PASSWORD, email))
    expect(await attempt(PASSWORD)).toMatchObject({ refused: 'sign_in_failed' })
  })

  it('V7.4.2 NIST 5.1.2 erasing ends everything and removes the personal data; it needs a recent sign-in', async () => {
    const hybrid = await signIn(bench, HYBRID)
    const { caller } = await statefulCaller()
    bench.clock.forward(16 * 60)
    expect(await bench.auth.eraseAccount(caller, ORIGIN)).toMatchObject({ refused: 'reauthentication_required' })
    const { caller: recent } = await statefulCaller()
    happened(await bench.auth.eraseAccount(recent, ORIGIN))
    expect(await bench.auth.refresh(refreshTokenOf(hybrid), HYBRID, ORIGIN)).toMatchObject({
      refused: 'credential_ended',
    })
    expect(await bench.stores.database.findAccountByEmail('ada@example.com')).toBeUndefined()
    expect(JSON.stringify(await bench.stores.database.readAudit(0, 1000))).not.toContain('example.com')
  })
})

it('a confidential application is itself only with its secret', async () => {
  const secretHash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from('s3cret'))).toString('base64url')
  await bench.auth.declareApplications([application('hybrid', { secretHash })])
  expect(await bench.auth.authenticateApplication(HYBRID, 's3cret')).toBeDefined()
  for (const secret of ['S3cret', '', undefined])
    expect(await bench.auth.authenticateApplication(HYBRID, secret)).toBeUndefined()
  expect(await bench.auth.authenticateApplication(STATEFUL, undefined)).toBeDefined()
})
