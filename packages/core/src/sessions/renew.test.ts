import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { SessionId } from '@counterfoil/protocol'
import {
  happened,
  HYBRID,
  openBench,
  ORIGIN,
  PASSWORD,
  sessionTokenOf,
  signIn,
  STATEFUL,
  type Bench,
} from '../auth.fixture.ts'
import { createMemoryStores, type MemoryStores } from '../stores/memory/stores.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import type { Caller, SignedIn } from './caller.ts'

let stores: MemoryStores
let bench: Bench
let held: SignedIn
let caller: Caller

beforeEach(async () => {
  stores = createMemoryStores()
  bench = await openBench(stores)
  held = await signIn(bench, STATEFUL)
  caller = happened(await bench.auth.recogniseSessionToken(sessionTokenOf(held)))
})

const again = (goesOn: boolean, more: { email?: string } = {}) =>
  bench.auth.signIn(
    { applicationId: STATEFUL, email: 'ada@example.com', password: PASSWORD, held: { caller, goesOn }, ...more },
    ORIGIN,
  )
const idsOf = async (): Promise<readonly SessionId[]> =>
  (await stores.sessions.list(caller.account.id, bench.clock.now())).map(({ id }) => id)
const isDead = async (signedIn: SignedIn): Promise<boolean> =>
  'refused' in (await bench.auth.recogniseSessionToken(sessionTokenOf(signedIn)))

describe('signing in with a session in hand', () => {
  it('V7.2.4 goes on with it under a new token: the same session, with its attributes, and the former token is dead', async () => {
    happened(await bench.auth.writeAttribute(caller, 'cart', ['tea'], undefined))
    bench.clock.forward(3600)
    const renewed = happened(await again(true))
    expect(renewed.session).toMatchObject({ id: held.session.id, authenticatedAt: bench.clock.now() })
    expect(await idsOf()).toEqual([held.session.id])
    expect([await isDead(held), await isDead(renewed)]).toEqual([true, false])
    const now = happened(await bench.auth.recogniseSessionToken(sessionTokenOf(renewed)))
    expect(happened(await bench.auth.readAttributes(now)).attributes).toEqual({ cart: ['tea'] })
  })

  it('V7.2.4 lets no other node take the former token, which it has in memory', async () => {
    const other = await bench.restart()
    happened(await other.recogniseSessionToken(sessionTokenOf(held)))
    happened(await again(true))
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    expect(await other.recogniseSessionToken(sessionTokenOf(held))).toMatchObject({ refused: 'credential_ended' })
  })

  it('V7.2.4 ends it where it is to be another one, or is of somebody else', async () => {
    const other = happened(await again(false))
    expect(await idsOf()).toEqual([other.session.id])
    caller = happened(await bench.auth.recogniseSessionToken(sessionTokenOf(other)))
    happened(await bench.auth.signUp({ email: 'eve@example.com', password: PASSWORD }, ORIGIN))
    const eve = happened(await again(true, { email: 'eve@example.com' }))
    expect([eve.account.id === caller.account.id, await idsOf()]).toEqual([false, []])
  })

  it('starts another one where it has ended meanwhile', async () => {
    happened(await bench.auth.endSession(caller, held.session.id, ORIGIN))
    expect(happened(await again(true)).session.id).not.toBe(held.session.id)
  })

  it('leaves it alone with a wrong password', async () => {
    const wrong = {
      applicationId: STATEFUL,
      email: 'ada@example.com',
      password: 'wrong',
      held: { caller, goesOn: false },
    }
    expect(await bench.auth.signIn(wrong, ORIGIN)).toMatchObject({ refused: 'sign_in_failed' })
    expect(await isDead(held)).toBe(false)
  })

  it('leaves no session behind that nobody holds: one that cannot be ended keeps another from starting', async () => {
    const end = vi.spyOn(stores.log, 'append').mockRejectedValueOnce(new StoreUnavailable('away'))
    await expect(again(false)).rejects.toThrow(StoreUnavailable)
    end.mockRestore()
    expect(await idsOf()).toEqual([held.session.id])
  })
})

describe('signing up and in', () => {
  const grace = { email: 'grace@example.com', password: PASSWORD }

  it('starts a session without a second look at the password', async () => {
    const verify = vi.spyOn(stores.database, 'findAccountByEmail')
    const { account, signedIn } = happened(await bench.auth.signUpAndIn({ ...grace, applicationId: HYBRID }, ORIGIN))
    expect([signedIn?.session.applicationId, signedIn?.account.id]).toEqual([HYBRID, account.id])
    expect(verify).not.toHaveBeenCalled()
  })

  it('makes the account, and says so, where the session cannot be started', async () => {
    vi.spyOn(stores.sessions, 'start').mockRejectedValueOnce(new StoreUnavailable('away'))
    const { account, signedIn } = happened(await bench.auth.signUpAndIn({ ...grace, applicationId: HYBRID }, ORIGIN))
    expect([account.email, signedIn]).toEqual([grace.email, undefined])
    happened(await bench.auth.signIn({ ...grace, applicationId: HYBRID }, ORIGIN))
  })

  it('is refused as signing up is', async () => {
    const taken = { ...grace, email: 'ada@example.com', applicationId: HYBRID }
    expect(await bench.auth.signUpAndIn(taken, ORIGIN)).toMatchObject({ refused: 'email_taken' })
  })
})
