import { describe, expect, it } from 'vitest'
import type { AccountId, ApplicationId, KeyId, NewRevocation, SessionId } from '@counterfoil/protocol'
import { wordsOf } from './record-table.ts'
import { RevocationView, type TokenSubject } from './view.ts'

const INCARNATION = 'incarnationincarnation'
const RETAIN = 310_000
const id = <Id extends string>(): Id =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url') as Id

const ADA = id<AccountId>()
const SESSION = id<SessionId>()
const SHOP = 'shop' as ApplicationId

function subject(more: Partial<TokenSubject> = {}): TokenSubject {
  const { sessionId = SESSION, accountId = ADA } = more
  return {
    session: wordsOf(sessionId),
    account: wordsOf(accountId),
    sessionId,
    accountId,
    applicationId: SHOP,
    accountGeneration: 3,
    applicationGeneration: 1,
    mark: 'incarnat.0',
    ...more,
  }
}

function openView(maxRecords?: number) {
  const view = new RevocationView(maxRecords)
  view.reset(INCARNATION, 0)
  const apply = (records: readonly NewRevocation[], now = 0): void => {
    const from = view.head?.position ?? 0
    view.apply(
      records.map((record, number) => ({ ...record, position: from + number + 1 })),
      now,
      RETAIN,
    )
  }
  return { view, apply }
}

const session = (sessionId: SessionId): NewRevocation => ({ kind: 'session', sessionId, at: 0 })
const account = (generation: number, keep?: SessionId): NewRevocation => ({
  kind: 'account',
  accountId: ADA,
  generation,
  keep,
  at: 0,
})

describe('a view covers', () => {
  it('the session that a record names, and no other', () => {
    const { view, apply } = openView()
    apply([session(SESSION), session(id())])
    expect(view.covers(subject(), 'key')).toBe(true)
    expect(view.covers(subject({ sessionId: id<SessionId>() }), 'key')).toBe(false)
  })

  it('all sessions of an account that began under an older generation', () => {
    const { view, apply } = openView()
    apply([account(4)])
    expect(view.covers(subject({ accountGeneration: 3 }), undefined)).toBe(true)
    expect(view.covers(subject({ accountGeneration: 4 }), undefined)).toBe(false)
    expect(view.covers(subject({ accountId: id<AccountId>() }), undefined)).toBe(false)
  })

  it('not the session that "all but this one" kept, until the next time that does not keep it', () => {
    const { view, apply } = openView()
    const other = id<SessionId>()
    apply([account(4, SESSION)])
    expect(view.covers(subject(), undefined)).toBe(false)
    expect(view.covers(subject({ sessionId: other }), undefined)).toBe(true)
    apply([account(5, SESSION)])
    expect(view.covers(subject(), undefined)).toBe(false)
    apply([account(6, other)])
    expect(view.covers(subject(), undefined)).toBe(true)
    expect(view.covers(subject({ sessionId: other, accountGeneration: 3 }), undefined)).toBe(true)
    expect(view.covers(subject({ sessionId: other, accountGeneration: 5 }), undefined)).toBe(false)
    apply([account(7)])
    expect(view.covers(subject({ sessionId: other, accountGeneration: 6 }), undefined)).toBe(true)
  })

  it('all sessions of an application, and all tokens of a key, which is never forgiven', () => {
    const { view, apply } = openView()
    apply([{ kind: 'client', applicationId: SHOP, generation: 2, at: 0 }])
    expect(view.covers(subject(), 'k')).toBe(true)
    expect(view.covers(subject({ applicationGeneration: 2 }), 'k')).toBe(false)
    apply([{ kind: 'key', keyId: 'k' as KeyId, at: 0 }])
    view.sweep(10 * RETAIN, RETAIN)
    view.reset('another', 0)
    expect(view.covers(subject({ applicationGeneration: 2 }), 'k')).toBe(true)
  })
})

describe('a view', () => {
  it('refuses records that do not continue it', () => {
    const { view } = openView()
    expect(() => view.apply([{ ...session(SESSION), position: 2 }], 0, RETAIN)).toThrow(RangeError)
    view.apply([{ ...session(SESSION), position: 1 }], 0, RETAIN)
    expect(() => view.apply([{ ...session(SESSION), position: 1 }], 0, RETAIN)).toThrow(RangeError)
  })

  it('lets go of records when no token is left for them, and not a millisecond before', () => {
    const { view, apply } = openView()
    apply([session(SESSION)], 1000)
    view.sweep(1000 + RETAIN, RETAIN)
    expect([view.floor, view.covers(subject(), undefined)]).toEqual([0, true])
    view.sweep(1000 + RETAIN * 1.02, RETAIN)
    expect([view.floor, view.covers(subject(), undefined), view.records]).toEqual([1, false, 0])
  })

  it('never lets go early of what shares a milestone with older records', () => {
    const { view, apply } = openView()
    apply([session(id())], 1000)
    apply([session(SESSION)], 1000 + RETAIN / 150)
    view.sweep(1000 + RETAIN / 150 + RETAIN, RETAIN)
    expect(view.covers(subject(), undefined)).toBe(true)
  })

  it('does not judge tokens from before what it has let go of, nor those of another log', () => {
    const { view, apply } = openView()
    expect(view.canJudge({ mark: 'otherlog.9' })).toBe(true)
    apply([session(id()), session(id())], 0)
    view.sweep(2 * RETAIN, RETAIN)
    expect(view.floor).toBe(2)
    expect(view.canJudge({ mark: 'incarnat.1' })).toBe(false)
    expect(view.canJudge({ mark: 'incarnat.2' })).toBe(true)
    expect(view.canJudge({ mark: 'otherlog.9' })).toBe(false)
  })

  it('keeps no more than it may, and asks about tokens from before instead', () => {
    const { view, apply } = openView(100)
    for (let batch = 0; batch < 30; batch++) {
      apply(Array.from({ length: 10 }, () => session(id())))
      view.sweep(0, RETAIN)
    }
    expect(view.records).toBe(100)
    expect([view.canJudge({ mark: 'incarnat.199' }), view.canJudge({ mark: 'incarnat.200' })]).toEqual([false, true])
  })

  it('says that something changed whenever what was clear may be so no longer', () => {
    const { view, apply } = openView()
    const { version } = view
    apply([])
    expect(view.version).toBe(version)
    apply([session(SESSION)])
    expect(view.version).toBeGreaterThan(version)
  })
})
