import type { AccessTokenClaims } from '@counterfoil/protocol'
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
import { createMemoryStores } from '../stores/memory/stores.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import type { Caller, SignedIn } from './caller.ts'

let bench: Bench

beforeEach(async () => {
  bench = await openBench(createMemoryStores())
})

/** Who holds the credentials of this sign-in, whichever kind they are. */
async function callerOf(signedIn: SignedIn): Promise<Caller> {
  const { sessionToken, accessToken = '' } = signedIn.credentials
  if (sessionToken !== undefined) return happened(await bench.auth.recogniseSessionToken(sessionToken))
  return happened(await bench.auth.recogniseAccessToken(claimsOf(accessToken)))
}

function claimsOf(token: string): AccessTokenClaims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as AccessTokenClaims
}

const use = (token: string): ReturnType<Bench['auth']['recogniseSessionToken']> =>
  bench.auth.recogniseSessionToken(token)

describe('a session', () => {
  it('V7.2.3 V11.5.1 has an id of 128 random bits that comes once', async () => {
    const ids = new Set<string>()
    for (let round = 0; round < 50; round++) ids.add((await signIn(bench, STATEFUL)).session.id)
    expect(ids.size).toBe(50)
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(16)
  })

  it('V7.3.1 NIST 5.2 ends when it is not used for the idle time, and use moves that on in tenths', async () => {
    const token = sessionTokenOf(await signIn(bench, STATEFUL))
    const idle = bench.policy.statefulIdleSeconds
    bench.clock.forward(idle - 1)
    happened(await use(token))
    bench.clock.forward(idle - 1)
    happened(await use(token))
    bench.clock.forward(idle)
    expect(await use(token)).toMatchObject({ refused: 'credential_ended' })
  })

  it('writes down its use at most once per tenth of the idle time', async () => {
    const { sessions } = bench.stores
    const touches: number[] = []
    const touch = sessions.touch.bind(sessions)
    sessions.touch = (...given) => {
      touches.push(given[1])
      return touch(...given)
    }
    const token = sessionTokenOf(await signIn(bench, STATEFUL))
    const tenth = bench.policy.statefulIdleSeconds / 10
    for (let round = 0; round < 100; round++) {
      bench.clock.forward(tenth / 20)
      happened(await use(token))
    }
    expect(touches).toHaveLength(5)
  })

  it('V7.3.2 NIST 5.2 ends at its absolute end however often it is used', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    const token = sessionTokenOf(signedIn)
    for (let days = 0; days < 60; days++) {
      bench.clock.forward(43_200 - 1)
      if (bench.clock.now() < signedIn.session.expiresAt) happened(await use(token))
    }
    bench.clock.forward(60)
    expect(await use(token)).toMatchObject({ refused: 'credential_ended' })
  })

  it('stays when its use cannot be written down', async () => {
    const token = sessionTokenOf(await signIn(bench, STATEFUL))
    bench.stores.sessions.touch = () => Promise.reject(new StoreUnavailable('the disk is full'))
    bench.clock.forward(bench.policy.statefulIdleSeconds / 2)
    happened(await use(token))
  })

  it('whose record was rolled back to before a re-authentication heals at its next use', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    const { sessions } = bench.stores
    const old = await sessions.find(signedIn.session.id, bench.clock.now())
    const caller = await callerOf(signedIn)
    const input = { currentPassword: PASSWORD, newPassword: 'another battery horse' }
    const renewed = happened(await bench.auth.changePassword(caller, input, ORIGIN))
    if (old === undefined) throw new Error('the session is not there')
    await sessions.end(old.id)
    const restored = { ...old, accountGeneration: 1 }
    await sessions.start(restored)
    happened(await use(sessionTokenOf(renewed)))
    const events = await bench.stores.database.readAudit(0, 1000)
    expect(events.map(({ kind }) => kind)).toContain('store.rollback_detected')
    expect(await use(sessionTokenOf(signedIn))).toMatchObject({ refused: 'credential_ended' })
  })
})

describe('ending', () => {
  it.each([STATELESS, STATEFUL, HYBRID])('V7.4.1 NIST 5.1 a %s session that is ended is used no more', async (id) => {
    const signedIn = await signIn(bench, id)
    const caller = await callerOf(signedIn)
    const ended = happened(await bench.auth.endSession(caller, caller.session.id, ORIGIN))
    expect(ended.sessionIds).toEqual([signedIn.session.id])
    await expect(callerOf(signedIn)).rejects.toThrow('credential_ended')
    if (id !== STATEFUL)
      expect(await bench.auth.refresh(refreshTokenOf(signedIn), id, ORIGIN)).toMatchObject({
        refused: 'credential_ended',
      })
  })

  it('V7.5.2 lists what is stored, and ends one session from another', async () => {
    const [stateful, hybrid] = [await signIn(bench, STATEFUL), await signIn(bench, HYBRID)]
    const stateless = await signIn(bench, STATELESS)
    const caller = await callerOf(stateful)
    const listed = (await bench.auth.listSessions(caller)).map(({ id }) => id)
    expect(listed.toSorted()).toEqual([stateful.session.id, hybrid.session.id].toSorted())
    expect((await bench.auth.listSessions(await callerOf(stateless))).map(({ id }) => id)).toContain(
      stateless.session.id,
    )
    happened(await bench.auth.endSession(caller, hybrid.session.id, ORIGIN))
    expect(await bench.auth.listSessions(caller)).toHaveLength(1)
    await expect(callerOf(hybrid)).rejects.toThrow('credential_ended')
    happened(await bench.auth.endSession(caller, stateless.session.id, ORIGIN))
    await expect(callerOf(stateless)).rejects.toThrow('credential_ended')
  })

  it("another account's session is not there, whether it is stored or stateless", async () => {
    const caller = await callerOf(await signIn(bench, STATEFUL))
    for (const id of [STATEFUL, STATELESS]) {
      const other = await signIn(bench, id, 'eve@example.com')
      expect(await bench.auth.endSession(caller, other.session.id, ORIGIN)).toMatchObject({ refused: 'not_found' })
      happened(await bench.auth.recogniseSessionToken(sessionTokenOf(await signIn(bench, STATEFUL, 'eve@example.com'))))
      await callerOf(other)
    }
  })

  it('"log out everywhere" ends all sessions of all strategies, also those of which no record is left', async () => {
    const all = [await signIn(bench, STATEFUL), await signIn(bench, HYBRID), await signIn(bench, STATELESS)]
    const caller = await callerOf(await signIn(bench, STATEFUL))
    happened(await bench.auth.endAllSessions(caller, 'none', ORIGIN))
    for (const each of all) await expect(callerOf(each)).rejects.toThrow('credential_ended')
  })

  it.each([STATELESS, STATEFUL, HYBRID])('"all but this one" keeps a %s session with all its tokens', async (id) => {
    const others = [await signIn(bench, STATEFUL), await signIn(bench, HYBRID), await signIn(bench, STATELESS)]
    const kept = await signIn(bench, id)
    happened(await bench.auth.endAllSessions(await callerOf(kept), 'current', ORIGIN))
    for (const other of others) await expect(callerOf(other)).rejects.toThrow('credential_ended')
    const caller = await callerOf(kept)
    if (id !== STATEFUL) happened(await bench.auth.refresh(refreshTokenOf(kept), id, ORIGIN))
    happened(await bench.auth.endAllSessions(caller, 'none', ORIGIN))
    await expect(callerOf(kept)).rejects.toThrow('credential_ended')
  })

  it('a sign-in that began before "log out everywhere" and finishes after it does not survive it', async () => {
    const caller = await callerOf(await signIn(bench, STATEFUL))
    const { sessions } = bench.stores
    const start = sessions.start.bind(sessions)
    sessions.start = async (session) => {
      sessions.start = start
      happened(await bench.auth.endAllSessions(caller, 'none', ORIGIN))
      return start(session)
    }
    const late = await bench.auth.signIn(
      { applicationId: HYBRID, email: 'ada@example.com', password: PASSWORD },
      ORIGIN,
    )
    expect(late).toMatchObject({ refused: 'busy' })
  })

  it('says by when nobody accepts it any more: at once where no token is out, else when the last one expires', async () => {
    const [stateful, hybrid] = [await signIn(bench, STATEFUL), await signIn(bench, HYBRID)]
    const now = bench.clock.now()
    const one = happened(await bench.auth.endSession(await callerOf(stateful), stateful.session.id, ORIGIN))
    expect(one.expiredAt).toBe(now)
    const other = happened(await bench.auth.endSession(await callerOf(hybrid), hybrid.session.id, ORIGIN))
    expect(other.expiredAt).toBe(now + 305_000)
    expect(other.head.position).toBe(one.head.position + 1)
  })

  it('is still so after a restart', async () => {
    const [ended, standing] = [await signIn(bench, HYBRID), await signIn(bench, HYBRID)]
    happened(await bench.auth.endSession(await callerOf(ended), ended.session.id, ORIGIN))
    const again = await bench.restart()
    expect(await again.refresh(refreshTokenOf(ended), HYBRID, ORIGIN)).toMatchObject({ refused: 'credential_ended' })
    happened(await again.refresh(refreshTokenOf(standing), HYBRID, ORIGIN))
  })
})

describe('attributes', () => {
  it('are kept with a session, a version at a time', async () => {
    const caller = await callerOf(await signIn(bench, HYBRID))
    expect(happened(await bench.auth.writeAttribute(caller, 'cart', ['tea'], undefined))).toEqual({ version: 1 })
    expect(happened(await bench.auth.writeAttribute(caller, '__proto__', { a: 1 }, 1))).toEqual({ version: 2 })
    const read = happened(await bench.auth.readAttributes(caller))
    expect(Object.entries(read.attributes)).toEqual([
      ['cart', ['tea']],
      ['__proto__', { a: 1 }],
    ])
    expect(await bench.auth.writeAttribute(caller, 'cart', [], 1)).toMatchObject({ refused: 'attribute_changed' })
    expect(happened(await bench.auth.writeAttribute(caller, 'cart', undefined, 2))).toEqual({ version: 3 })
    expect(Object.keys(happened(await bench.auth.readAttributes(caller)).attributes)).toEqual(['__proto__'])
  })

  it('lose no write when several write different names at once', async () => {
    const caller = await callerOf(await signIn(bench, STATEFUL))
    const names = Array.from({ length: 6 }, (_, at) => `name${at}`)
    await Promise.all(names.map((name) => bench.auth.writeAttribute(caller, name, name, undefined).then(happened)))
    expect(Object.keys(happened(await bench.auth.readAttributes(caller)).attributes).toSorted()).toEqual(names)
  })

  it('are bounded, and a stateless session has none', async () => {
    const caller = await callerOf(await signIn(bench, STATEFUL))
    const large = 'x'.repeat(bench.policy.attributesBytes)
    expect(await bench.auth.writeAttribute(caller, 'a', large, undefined)).toMatchObject({
      refused: 'attributes_too_large',
    })
    const stateless = await callerOf(await signIn(bench, STATELESS))
    expect(await bench.auth.writeAttribute(stateless, 'a', 1, undefined)).toMatchObject({ refused: 'no_attributes' })
  })

  it('a write that comes after the end brings nothing back', async () => {
    const caller = await callerOf(await signIn(bench, STATEFUL))
    await bench.auth.endSession(caller, caller.session.id, ORIGIN)
    expect(await bench.auth.writeAttribute(caller, 'a', 1, undefined)).toMatchObject({ refused: 'credential_ended' })
  })
})

describe('tokens for an upstream', () => {
  it('are short, for one audience of the application, and the issuer itself is not in it', async () => {
    const orders = 'https://orders.example.com'
    await bench.auth.declareApplications([application('stateful', { audience: [orders] })])
    const caller = await callerOf(await signIn(bench, STATEFUL))
    const minted = happened(bench.auth.mintUpstreamToken(caller, orders))
    expect(minted.expiresIn).toBe(60)
    expect(claimsOf(minted.token)).toMatchObject({ aud: orders, sid: caller.session.id, strategy: 'stateful' })
    expect(bench.auth.mintUpstreamToken(caller, 'https://other.example.com')).toMatchObject({
      refused: 'invalid_request',
    })
  })
})

describe('revocation and introspection', () => {
  it('RFC 7009 2.1 any credential of an application ends its session, and no credential of another does', async () => {
    for (const id of [STATELESS, STATEFUL, HYBRID]) {
      for (const kind of ['refresh', 'other'] as const) {
        const { credentials } = await signIn(bench, id)
        const { accessToken = '', sessionToken, refreshToken } = credentials
        const text = sessionToken ?? (kind === 'refresh' ? (refreshToken ?? '') : accessToken)
        const claims = text === accessToken ? claimsOf(accessToken) : undefined
        const stranger = id === HYBRID ? STATEFUL : HYBRID
        expect(await bench.auth.revoke(text, stranger, claims, ORIGIN)).toBeUndefined()
        expect(await bench.auth.introspect(text, claims)).toBeDefined()
        expect(await bench.auth.revoke(text, id, claims, ORIGIN)).toBeDefined()
        expect(await bench.auth.introspect(text, claims)).toBeUndefined()
        expect(await bench.auth.revoke(text, id, claims, ORIGIN)).toBeUndefined()
      }
    }
  })

  it('RFC 7662 4 what is unknown, forged or of an earlier generation is not active', async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    happened(await bench.auth.refresh(token, HYBRID, ORIGIN))
    for (const text of [token, '', 'x', 'cfr_', 'cfs_AAAA', 'a.b.c'])
      expect(await bench.auth.introspect(text, undefined)).toBeUndefined()
  })
})
