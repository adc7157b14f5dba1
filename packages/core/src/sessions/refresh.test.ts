import { beforeEach, describe, expect, it } from 'vitest'
import {
  application,
  happened,
  HYBRID,
  openBench,
  ORIGIN,
  PASSWORD,
  refreshTokenOf,
  signIn,
  STATEFUL,
  STATELESS,
  type Bench,
} from '../auth.fixture.ts'
import type { AuditEvent } from '../audit.ts'
import { isRefusal } from '../refusal.ts'
import { createMemoryStores } from '../stores/memory/stores.ts'

let bench: Bench

beforeEach(async () => {
  bench = await openBench(createMemoryStores())
})

async function auditKinds(): Promise<string[]> {
  return (await bench.stores.database.readAudit(0, 1000)).map(({ kind }: AuditEvent) => kind)
}

const refresh = (token: string): ReturnType<Bench['auth']['refresh']> => bench.auth.refresh(token, HYBRID, ORIGIN)

describe('a hybrid refresh', () => {
  it('V10.4.5 gives a new refresh token and takes the old one out of use', async () => {
    const first = refreshTokenOf(await signIn(bench, HYBRID))
    const second = refreshTokenOf(happened(await refresh(first)))
    expect(second).not.toBe(first)
    bench.clock.forward(bench.policy.refreshConcurrencyWindowSeconds + 1)
    expect(await refresh(first)).toMatchObject({ refused: 'credential_ended' })
  })

  it('V15.4.2 answers 1,000 parallel uses of one token with the same bytes', async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    const answers = await Promise.all(Array.from({ length: 1000 }, () => refresh(token)))
    const successors = new Set(answers.map((answer) => refreshTokenOf(happened(answer))))
    expect(successors.size).toBe(1)
    const [successor = ''] = successors
    expect(refreshTokenOf(happened(await refresh(successor)))).not.toBe(successor)
  })

  it('answers a lost response again within the window, with the same bytes and a fresh access token', async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    const lost = happened(await refresh(token))
    bench.clock.forward(bench.policy.refreshConcurrencyWindowSeconds)
    const again = happened(await refresh(token))
    expect(refreshTokenOf(again)).toBe(refreshTokenOf(lost))
    expect(again.credentials.accessToken).not.toBe(lost.credentials.accessToken)
    expect(again.credentials.expiresIn).toBe(300)
  })

  it.each([
    ['the present', 0],
    ['the one before it', 1],
    ['an older', 2],
  ])('changes nothing for a client that has hung up, with %s token: it may have gone on elsewhere', async (_, back) => {
    const tokens = [refreshTokenOf(await signIn(bench, HYBRID))]
    for (let turn = 0; turn < 2; turn++) tokens.push(refreshTokenOf(happened(await refresh(tokens.at(-1) ?? ''))))
    bench.clock.forward(bench.policy.refreshConcurrencyWindowSeconds + 1)
    const audited = await auditKinds()
    const late = tokens.at(-1 - back) ?? ''
    expect(await bench.auth.refresh(late, HYBRID, ORIGIN, undefined, () => Promise.resolve(true))).toMatchObject({
      refused: 'busy',
    })
    expect(await auditKinds()).toEqual(audited)
    const next = refreshTokenOf(happened(await refresh(tokens.at(-1) ?? '')))
    expect(next).not.toBe(tokens.at(-1))
    // Whoever waits for the answer is judged as ever.
    expect(await refresh(tokens[0] ?? '')).toMatchObject({ refused: 'credential_ended' })
    expect(await auditKinds()).toContain('refresh.reuse_detected')
  })

  it('answers the same bytes also after the key of opaque tokens has changed', async () => {
    bench = await openBench(createMemoryStores(), { opaqueKeyRotationSeconds: 86_400, keyPublicationSeconds: 0 })
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    bench.clock.forward(86_400 - 10)
    await bench.auth.upkeep()
    const before = refreshTokenOf(happened(await refresh(token)))
    bench.clock.forward(20)
    await bench.auth.upkeep()
    expect(refreshTokenOf(happened(await refresh(token)))).toBe(before)
    const next = refreshTokenOf(happened(await refresh(before)))
    expect(Buffer.from(next.slice(4), 'base64url')[1]).not.toBe(Buffer.from(before.slice(4), 'base64url')[1])
  })

  it('is told to come again, and ends nothing, when it hung in the store while two others rotated', async () => {
    const stores = createMemoryStores()
    const held = Promise.withResolvers<undefined>()
    let isHeld = false
    const find: typeof stores.sessions.find = async (...asked) => {
      if (isHeld) {
        isHeld = false
        await held.promise
      }
      return stores.sessions.find(...asked)
    }
    bench = await openBench({ ...stores, sessions: { ...stores.sessions, find } })
    const first = refreshTokenOf(await signIn(bench, HYBRID))
    isHeld = true
    const hung = refresh(first)
    bench.clock.forward(1)
    const second = refreshTokenOf(happened(await refresh(first)))
    bench.clock.forward(1)
    const third = refreshTokenOf(happened(await refresh(second)))
    held.resolve(undefined)
    expect(await hung).toMatchObject({ refused: 'busy' })
    expect(happened(await refresh(third)).credentials).toBeDefined()
    expect(await auditKinds()).not.toContain('refresh.reuse_detected')
    // Sent once more, it comes after them, and is what it looks like.
    expect(await refresh(first)).toMatchObject({ refused: 'credential_ended' })
  })

  it('does not extend the window by a replay', async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    await refresh(token)
    bench.clock.forward(20)
    happened(await refresh(token))
    bench.clock.forward(20)
    expect(await refresh(token)).toMatchObject({ refused: 'credential_ended' })
  })

  it('RFC 9700 4.14.2 a token that comes back after the window ends the session on every branch, and says so in the audit log', async () => {
    const signedIn = await signIn(bench, HYBRID)
    const stolen = refreshTokenOf(signedIn)
    const second = refreshTokenOf(happened(await refresh(stolen)))
    bench.clock.forward(31)
    const thief = { address: '198.51.100.9', userAgent: 'thief' }
    expect(await bench.auth.refresh(stolen, HYBRID, thief)).toMatchObject({ refused: 'credential_ended' })
    expect(await refresh(second)).toMatchObject({ refused: 'credential_ended' })
    expect(await refresh(stolen)).toMatchObject({ refused: 'credential_ended' })
    const events = await bench.stores.database.readAudit(0, 1000)
    const reuse = events.filter(({ kind }) => kind === 'refresh.reuse_detected')
    expect(reuse).toMatchObject([
      { ...thief, sessionId: signedIn.session.id, detail: { rotated: ORIGIN, presented: 0, standing: 1 } },
    ])
    expect(await bench.stores.log.holdsSession(signedIn.session.id)).toBe(true)
  })

  it('a record that was rolled back heals, is audited, and signs nobody out', async () => {
    const signedIn = await signIn(bench, HYBRID)
    let token = refreshTokenOf(signedIn)
    const { sessions } = bench.stores
    const old = await sessions.find(signedIn.session.id, bench.clock.now())
    for (let round = 0; round < 5; round++) token = refreshTokenOf(happened(await refresh(token)))
    if (old === undefined) throw new Error('the session is not there')
    await sessions.end(old.id)
    expect(await sessions.start(old)).toBe('started')
    const healed = happened(await refresh(token))
    expect(refreshTokenOf(healed)).not.toBe(token)
    expect(await auditKinds()).toContain('store.rollback_detected')
    expect(await auditKinds()).not.toContain('refresh.reuse_detected')
    happened(await refresh(refreshTokenOf(healed)))
  })

  it('V10.4.8 V7.3.2 never extends the absolute lifetime', async () => {
    const signedIn = await signIn(bench, HYBRID)
    let token = refreshTokenOf(signedIn)
    const { expiresAt } = signedIn.session
    const day = 86_400
    for (let days = 0; days < 29; days++) {
      bench.clock.forward(day)
      const answer = happened(await refresh(token))
      expect(answer.session.expiresAt).toBe(expiresAt)
      token = refreshTokenOf(answer)
    }
    bench.clock.forward(day - 60)
    const last = happened(await refresh(token))
    expect(last.credentials.expiresIn).toBe(60)
    bench.clock.forward(60)
    expect(await refresh(refreshTokenOf(last))).toMatchObject({ refused: 'credential_ended' })
  })

  it('V7.3.1 ends a session that is not used for the idle time', async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    bench.clock.forward(bench.policy.hybridIdleSeconds)
    expect(await refresh(token)).toMatchObject({ refused: 'credential_ended' })
  })

  it("RFC 9700 4.14.2 binding is refused to another application, and the owner's token stays good", async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    expect(await bench.auth.refresh(token, STATEFUL, ORIGIN)).toMatchObject({ refused: 'credential_untrusted' })
    happened(await refresh(token))
  })

  it('V10.4.10 is refused to whoever does not say that it is the application, when that one has a secret', async () => {
    await bench.auth.declareApplications([
      application('hybrid', { secretHash: 'AAAA' }),
      application('stateless', { secretHash: 'AAAA' }),
    ])
    const [hybrid, stateless] = [await signIn(bench, HYBRID), await signIn(bench, STATELESS)]
    for (const signedIn of [hybrid, stateless]) {
      const token = refreshTokenOf(signedIn)
      expect(await bench.auth.refresh(token, undefined, ORIGIN)).toMatchObject({ refused: 'credential_untrusted' })
      happened(await bench.auth.refresh(token, signedIn.application.id, ORIGIN))
    }
  })

  it('V7.4.2 nothing refreshes after the account was disabled, and enabling it again revives nothing', async () => {
    const signedIn = await signIn(bench, HYBRID)
    const stateless = await signIn(bench, STATELESS)
    await bench.auth.disableAccount(signedIn.account.id)
    expect(await refresh(refreshTokenOf(signedIn))).toMatchObject({ refused: 'credential_ended' })
    await bench.auth.enableAccount(signedIn.account.id)
    expect(await refresh(refreshTokenOf(signedIn))).toMatchObject({ refused: 'credential_ended' })
    expect(await bench.auth.refresh(refreshTokenOf(stateless), STATELESS, ORIGIN)).toMatchObject({
      refused: 'credential_ended',
    })
    happened(await bench.auth.signIn({ applicationId: HYBRID, email: 'ada@example.com', password: PASSWORD }, ORIGIN))
  })

  it('every session of an application ends when its generation is raised', async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    await bench.auth.endApplicationSessions(HYBRID)
    expect(await refresh(token)).toMatchObject({ refused: 'credential_ended' })
  })
})

describe('a stateless refresh', () => {
  const again = (token: string): ReturnType<Bench['auth']['refresh']> => bench.auth.refresh(token, STATELESS, ORIGIN)

  it('reads the account, so that new roles are in the next access token', async () => {
    const signedIn = await signIn(bench, STATELESS)
    const audit = { at: 0, kind: 'account.roles_set' } as const
    await bench.stores.database.setRoles(signedIn.account.id, ['support'], audit)
    const answer = happened(await again(refreshTokenOf(signedIn)))
    const [, payload = ''] = (answer.credentials.accessToken ?? '').split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      roles: ['support'],
      strategy: 'stateless',
    })
  })

  it('ends with the session, and refreshing does not prolong it', async () => {
    const signedIn = await signIn(bench, STATELESS)
    bench.clock.forward(86_400 - 100)
    const answer = happened(await again(refreshTokenOf(signedIn)))
    expect(answer.credentials.expiresIn).toBe(100)
    bench.clock.forward(100)
    expect(await again(refreshTokenOf(answer))).toMatchObject({ refused: 'credential_expired' })
  })

  it('V9.2.2 takes no access token for a refresh token', async () => {
    const signedIn = await signIn(bench, STATELESS)
    expect(await again(signedIn.credentials.accessToken ?? '')).toMatchObject({ refused: 'credential_untrusted' })
  })

  it('is refused after "log out everywhere" and after its own sign-out', async () => {
    const [one, other] = [await signIn(bench, STATELESS), await signIn(bench, STATELESS)]
    const stateful = await signIn(bench, STATEFUL)
    const caller = happened(await bench.auth.recogniseSessionToken(stateful.credentials.sessionToken ?? ''))
    happened(await bench.auth.endSession(caller, one.session.id, ORIGIN))
    expect(await again(refreshTokenOf(one))).toMatchObject({ refused: 'credential_ended' })
    happened(await again(refreshTokenOf(other)))
    happened(await bench.auth.endAllSessions(caller, 'none', ORIGIN))
    expect(await again(refreshTokenOf(other))).toMatchObject({ refused: 'credential_ended' })
  })
})

it('what this issuer never made is refused without a look at the store', async () => {
  const { sessions, database, log } = bench.stores
  const reads: string[] = []
  const counted = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get(target, verb) {
        reads.push(String(verb))
        const member: unknown = Reflect.get(target, verb)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  const auth = (await openBench({ sessions: counted(sessions), database: counted(database), log: counted(log) })).auth
  const genuine = await signIn({ auth }, HYBRID)
  reads.length = 0
  const text = refreshTokenOf(genuine)
  for (let round = 0; round < 10_000; round++) {
    const made = Buffer.from(text.slice(4), 'base64url')
    made.writeUInt32BE(round, 2)
    const forged = made.toString('base64url')
    expect(await auth.refresh(`cfr_${forged}`, HYBRID, ORIGIN)).toMatchObject({ refused: 'credential_untrusted' })
    expect(isRefusal(await auth.recogniseSessionToken(`cfs_${forged}`))).toBe(true)
  }
  expect(reads).toEqual([])
})
