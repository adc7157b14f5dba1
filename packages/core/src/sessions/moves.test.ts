import { STRATEGIES, type AccessTokenClaims, type ApplicationId, type Strategy } from '@counterfoil/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { application, happened, openBench, ORIGIN, PASSWORD, signIn, type Bench } from '../auth.fixture.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'
import type { Caller, SignedIn } from './caller.ts'

const SHOP = 'shop' as ApplicationId
const WINDOW_SECONDS = 30

let bench: Bench
beforeEach(async () => {
  bench = await openBench(createMemoryStores())
})

const declare = (strategy: Strategy): Promise<void> =>
  bench.auth.declareApplications([application(strategy, { id: SHOP })])

/** A session of the shop while that has this strategy. */
async function begin(strategy: Strategy): Promise<SignedIn> {
  await declare(strategy)
  return signIn(bench, SHOP)
}

/** What a client hands in to go on. */
function heldOf({ credentials }: SignedIn): string {
  const held = credentials.refreshToken ?? credentials.sessionToken
  if (held === undefined) throw new Error('nothing to go on with')
  return held
}

const refresh = (token: string): ReturnType<Bench['auth']['refresh']> => bench.auth.refresh(token, SHOP, ORIGIN)
const goOn = async (token: string): Promise<SignedIn> => happened(await refresh(token))
const ended = { refused: 'credential_ended' }

function claimsOf(token: string | undefined): AccessTokenClaims {
  const [, payload = ''] = (token ?? '').split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as AccessTokenClaims
}

/** Whoever presents the credential that this session is used with. */
const use = ({ credentials }: SignedIn): ReturnType<Bench['auth']['recogniseSessionToken']> =>
  credentials.sessionToken === undefined
    ? bench.auth.recogniseAccessToken(claimsOf(credentials.accessToken))
    : bench.auth.recogniseSessionToken(credentials.sessionToken)

const callerOf = async (signedIn: SignedIn): Promise<Caller> => happened(await use(signedIn))

const auditOf = async (kind: string): Promise<unknown[]> =>
  (await bench.stores.database.readAudit(0, 1000)).filter((event) => event.kind === kind)

/** The form of what a client holds. */
function formOf({ credentials: { refreshToken, sessionToken } }: SignedIn): Strategy {
  if (sessionToken?.startsWith('cfs_') === true && refreshToken === undefined) return 'stateful'
  return refreshToken?.startsWith('cfr_') === true ? 'hybrid' : 'stateless'
}

const transitions = STRATEGIES.flatMap((from) =>
  STRATEGIES.filter((to) => to !== from).map((to) => [from, to] as const),
)

describe.each(transitions)('a session that began %s, in an application that is %s now', (from, to) => {
  it('goes on as it is until its client refreshes, and then has the new form, the same id and the same end', async () => {
    const old = await begin(from)
    await declare(to)
    expect((await callerOf(old)).session).toMatchObject({ id: old.session.id, strategy: from })
    const moved = await goOn(heldOf(old))
    expect([formOf(moved), moved.session.strategy]).toEqual([to, to])
    expect(moved.session.id).toBe(old.session.id)
    expect(moved.session.authenticatedAt).toBe(old.session.authenticatedAt)
    expect(moved.session.expiresAt).toBeLessThanOrEqual(old.session.expiresAt)
    expect(await auditOf('session.moved')).toMatchObject([{ sessionId: old.session.id, detail: { from, to } }])
  })

  it('is used, introspected and listed in its new form', async () => {
    const old = await begin(from)
    await declare(to)
    const moved = await goOn(heldOf(old))
    const caller = await callerOf(moved)
    expect(caller.session).toMatchObject({ id: old.session.id, strategy: to })
    const listed = await bench.auth.listSessions(caller)
    expect(listed.map(({ id, strategy }) => [id, strategy])).toEqual([[old.session.id, to]])
    const claims = to === 'stateful' ? undefined : claimsOf(moved.credentials.accessToken)
    const told = await bench.auth.introspect(heldOf(moved), undefined)
    expect(told?.caller.session).toMatchObject({ id: old.session.id, strategy: to })
    const used = await bench.auth.introspect(moved.credentials.sessionToken ?? '', claims)
    expect(used?.caller.session.strategy).toBe(to)
  })

  it('lets two tabs at once both go on, and a lost answer come again', async () => {
    const old = await begin(from)
    await declare(to)
    const answers = await Promise.all(Array.from({ length: 50 }, () => goOn(heldOf(old))))
    bench.clock.forward(WINDOW_SECONDS)
    answers.push(await goOn(heldOf(old)))
    for (const answer of answers) {
      expect(formOf(answer)).toBe(to)
      expect((await callerOf(answer)).session.id).toBe(old.session.id)
      expect(answer.session.expiresAt).toBe(answers[0]?.session.expiresAt)
    }
    if (to !== 'stateless') expect(new Set(answers.map(heldOf)).size).toBe(1)
    expect(await auditOf('session.moved')).toHaveLength(1)
    expect(formOf(await goOn(heldOf(answers[0] ?? old)))).toBe(to)
  })

  it('lets requests through that were on their way, and access tokens live as long as they say', async () => {
    const old = await begin(from)
    await declare(to)
    await goOn(heldOf(old))
    expect((await callerOf(old)).session.id).toBe(old.session.id)
    bench.clock.forward(WINDOW_SECONDS + 1)
    if (from === 'stateful') expect(await use(old)).toMatchObject(ended)
    else expect((await callerOf(old)).session).toMatchObject({ id: old.session.id, strategy: to })
  })

  it('ends by its id, with everything that its client holds', async () => {
    const [old, other] = [await begin(from), await signIn(bench, SHOP)]
    await declare(to)
    const moved = await goOn(heldOf(old))
    const caller = await callerOf(await goOn(heldOf(other)))
    happened(await bench.auth.endSession(caller, old.session.id, ORIGIN))
    for (const held of [old, moved]) {
      expect(await use(held)).toMatchObject(ended)
      expect(await refresh(heldOf(held))).toMatchObject(ended)
    }
    expect((await bench.auth.listSessions(caller)).map(({ id }) => id)).toEqual([other.session.id])
  })

  it('ends with all others of its account, and before it has moved as well', async () => {
    const [moved, unmoved] = [await begin(from), await signIn(bench, SHOP)]
    await declare(to)
    const after = await goOn(heldOf(moved))
    happened(await bench.auth.endAllSessions(await callerOf(after), 'none', ORIGIN))
    for (const held of [moved, after, unmoved]) {
      expect(await use(held)).toMatchObject(ended)
      expect(await refresh(heldOf(held))).toMatchObject(ended)
    }
  })

  it('is revoked by what its client holds', async () => {
    const old = await begin(from)
    await declare(to)
    const moved = await goOn(heldOf(old))
    expect(await bench.auth.revoke(heldOf(moved), SHOP, undefined, ORIGIN)).toBeDefined()
    expect(await use(moved)).toMatchObject(ended)
    expect(await refresh(heldOf(moved))).toMatchObject(ended)
  })

  it('survives a change of password, before it has moved and after', async () => {
    let held = await begin(from)
    await declare(to)
    const newPassword = 'another horse battery'
    const change = { currentPassword: PASSWORD, newPassword }
    held = happened(await bench.auth.changePassword(await callerOf(held), change, ORIGIN))
    held = await goOn(heldOf(held))
    expect(formOf(held)).toBe(to)
    const back = { currentPassword: newPassword, newPassword: PASSWORD }
    held = happened(await bench.auth.changePassword(await callerOf(held), back, ORIGIN))
    expect([formOf(held), (await callerOf(held)).session.strategy]).toEqual([to, to])
  })

  it('moves back again', async () => {
    const old = await begin(from)
    await declare(to)
    const there = await goOn(heldOf(old))
    await declare(from)
    const back = await goOn(heldOf(there))
    expect([formOf(back), (await callerOf(back)).session.id]).toEqual([from, old.session.id])
    expect(formOf(await goOn(heldOf(back)))).toBe(from)
  })
})

describe('a session that gets a record', () => {
  it.each(['hybrid', 'stateful'] as const)('ends when its signed token would have, also %s', async (to) => {
    const old = await begin('stateless')
    bench.clock.forward(3600)
    await declare(to)
    const moved = await goOn(heldOf(old))
    expect(moved.session.expiresAt).toBe(old.session.expiresAt)
    expect(moved.session.authenticatedAt).toBe(old.session.authenticatedAt)
  })

  it('RFC 9700 4.14.2 ends when its signed token comes back after the window', async () => {
    const old = await begin('stateless')
    await declare('hybrid')
    const moved = await goOn(heldOf(old))
    bench.clock.forward(WINDOW_SECONDS + 1)
    expect(await refresh(heldOf(old))).toMatchObject(ended)
    expect(await refresh(heldOf(moved))).toMatchObject(ended)
    expect(await auditOf('refresh.reuse_detected')).toMatchObject([{ detail: { presented: 'signed' } }])
  })

  it('RFC 9700 4.14.2 ends when its signed token comes back after the next rotation', async () => {
    const old = await begin('stateless')
    await declare('hybrid')
    const next = await goOn(heldOf(await goOn(heldOf(old))))
    expect(await refresh(heldOf(old))).toMatchObject(ended)
    expect(await refresh(heldOf(next))).toMatchObject(ended)
  })

  it('has ended for its signed token too once it was idle for too long', async () => {
    const old = await begin('stateless')
    await bench.auth.declareApplications([
      application('hybrid', { id: SHOP, lifetimes: { idleSeconds: 600, accessTokenSeconds: 60 } }),
    ])
    const moved = await goOn(heldOf(old))
    bench.clock.forward(600)
    expect(await refresh(heldOf(moved))).toMatchObject(ended)
    expect(await refresh(heldOf(old))).toMatchObject(ended)
  })

  it('that is started once more from its signed token takes none of its earlier tokens', async () => {
    const old = await begin('stateless')
    await bench.auth.declareApplications([
      application('hybrid', { id: SHOP, lifetimes: { idleSeconds: 600, accessTokenSeconds: 60 } }),
    ])
    let moved = await goOn(heldOf(old))
    for (let round = 0; round < 5; round++) moved = await goOn(heldOf(moved))
    bench.clock.forward(600)
    await bench.auth.upkeep()
    const again = await goOn(heldOf(old))
    expect(await refresh(heldOf(moved))).toMatchObject(ended)
    expect(formOf(await goOn(heldOf(again)))).toBe('hybrid')
  })

  it('stays ended when somebody ended it while it got the record', async () => {
    const old = await begin('stateless')
    await declare('hybrid')
    const { sessions, log } = bench.stores
    const { sid: sessionId } = claimsOf(old.credentials.accessToken)
    const start = sessions.start.bind(sessions)
    const racing = {
      ...sessions,
      async start(...given: Parameters<typeof start>) {
        await log.append([{ kind: 'session', sessionId, at: bench.clock.now() }])
        return start(...given)
      },
    }
    const { auth } = await reopen({ ...bench.stores, sessions: racing })
    expect(await auth.refresh(heldOf(old), SHOP, ORIGIN)).toMatchObject(ended)
    expect(await sessions.find(sessionId, bench.clock.now())).toBeUndefined()
  })
})

/** The same stores, or some in their place, under another issuer, whose clock stands at the beginning as the first one's does. */
async function reopen(stores: Bench['stores']): Promise<Bench> {
  return openBench(stores)
}

describe('a session that loses its record', () => {
  it.each(['hybrid', 'stateful'] as const)(
    'leaves none behind once the window is over, when it was %s',
    async (from) => {
      const old = await begin(from)
      await declare('stateless')
      await goOn(heldOf(old))
      bench.clock.forward(WINDOW_SECONDS + 1)
      expect(await bench.stores.sessions.find(old.session.id, bench.clock.now())).toBeUndefined()
      expect(await refresh(heldOf(old))).toMatchObject(ended)
    },
  )

  it('goes on when its former token comes back: nobody remembers it', async () => {
    const old = await begin('hybrid')
    await declare('stateless')
    const moved = await goOn(heldOf(old))
    bench.clock.forward(WINDOW_SECONDS + 1)
    expect(await refresh(heldOf(old))).toMatchObject(ended)
    expect(formOf(await goOn(heldOf(moved)))).toBe('stateless')
  })

  it('is not signed out for its age, and lives no longer than the log remembers its end', async () => {
    const old = await begin('hybrid')
    let held = old
    for (let day = 0; day < 20; day++) {
      bench.clock.forward(86_400)
      held = await goOn(heldOf(held))
    }
    await declare('stateless')
    const moved = await goOn(heldOf(held))
    const until = bench.clock.now() + bench.policy.statelessRefreshSeconds * 1000
    expect(moved.session.expiresAt).toBe(until)
    expect(until).toBeLessThan(old.session.expiresAt)
    const caller = await callerOf(moved)
    expect(caller.session.expiresAt).toBeGreaterThan(bench.clock.now())
    expect(formOf(await goOn(heldOf(moved)))).toBe('stateless')
    bench.clock.forward(bench.policy.statelessRefreshSeconds)
    expect(await refresh(heldOf(moved))).toMatchObject({ refused: 'credential_expired' })
  })
})

describe('a client that knows only session tokens', () => {
  it.each(['hybrid', 'stateless'] as const)(
    'stays signed in by use until its session ends, while the application is %s',
    async (to) => {
      const old = await begin('stateful')
      await declare(to)
      const stepSeconds = bench.policy.statefulIdleSeconds - 60
      const steps = Math.floor(bench.policy.statefulAbsoluteSeconds / stepSeconds)
      for (let step = 0; step < steps; step++) {
        bench.clock.forward(stepSeconds)
        expect((await callerOf(old)).session).toMatchObject({ strategy: 'stateful', expiresAt: old.session.expiresAt })
      }
      bench.clock.forward(stepSeconds)
      expect(await use(old)).toMatchObject(ended)
    },
  )

  it('gets the same token again when it refreshes while the application is stateful, which counts as use', async () => {
    const old = await begin('stateful')
    bench.clock.forward(bench.policy.statefulIdleSeconds - 60)
    expect(heldOf(await goOn(heldOf(old)))).toBe(heldOf(old))
    bench.clock.forward(120)
    expect((await callerOf(old)).session.id).toBe(old.session.id)
  })
})

describe('a store that lost the move', () => {
  it.each([
    ['hybrid', 'stateful'],
    ['stateful', 'hybrid'],
  ] as const)('signs nobody out: %s to %s', async (from, to) => {
    const old = await begin(from)
    await declare(to)
    const before = await bench.stores.sessions.find(old.session.id, bench.clock.now())
    const moved = await goOn(heldOf(old))
    if (before === undefined) throw new Error('there is no session')
    await bench.stores.sessions.end(before.id)
    await bench.stores.sessions.start(before)
    expect((await callerOf(moved)).session.id).toBe(old.session.id)
    const next = await goOn(heldOf(moved))
    expect(formOf(next)).toBe(to)
    expect((await callerOf(next)).session.strategy).toBe(to)
    expect(await auditOf('refresh.reuse_detected')).toEqual([])
    expect(await auditOf('store.rollback_detected')).not.toEqual([])
  })
})

it('says by when nobody accepts an access token from before the change any more, and has verifiers remember for as long', async () => {
  const old = await begin('hybrid')
  await declare('stateful')
  const moved = await goOn(heldOf(old))
  const acceptedUntil = (claimsOf(old.credentials.accessToken).exp + bench.policy.leewaySeconds) * 1000
  const restarted = await bench.restart()
  const caller = happened(await restarted.recogniseSessionToken(heldOf(moved)))
  const { expiredAt } = happened(await restarted.endSession(caller, old.session.id, ORIGIN))
  expect(expiredAt).toBeGreaterThanOrEqual(acceptedUntil)
  bench.clock.forward(600)
  const next = await signIn(bench, SHOP)
  const later = happened(await restarted.endSession(await callerOf(next), next.session.id, ORIGIN))
  expect(later.expiredAt).toBe(bench.clock.now())
})
