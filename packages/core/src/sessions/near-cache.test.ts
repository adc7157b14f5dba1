import type { AccountId, ApplicationId, LogHead, Revocation, SessionId } from '@counterfoil/protocol'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { FeedListener } from '../revocations/feed.ts'
import { sampleSession } from '../stores/conformance/sample.ts'
import { NearCache, type FoundSession, type OwnLease } from './near-cache.ts'
import type { Session } from './session.ts'

const NOW = Date.UTC(2026, 0, 1)

/** A lease that is there or not as the test has it, and a clock. */
class Lease implements OwnLease {
  isCurrent = true
  head: LogHead = { incarnation: 'one', position: 0 }
  elapsed = 0
  renewals = 0
  renews = true
  #listener: FeedListener | undefined
  readonly clock = { now: () => NOW + this.elapsed, monotonic: () => this.elapsed }

  position(): LogHead {
    return this.head
  }

  async keepCurrent(): Promise<void> {
    this.renewals++
    if (this.renews) this.isCurrent = true
    else throw new Error('the log is away')
  }

  subscribe(listener: FeedListener): () => void {
    this.#listener = listener
    return () => undefined
  }

  tell(...records: readonly WithoutPlace[]): void {
    const after = this.head.position
    this.head = { ...this.head, position: after + records.length }
    const placed: readonly Revocation[] = records.map((record, at) => ({
      ...record,
      at: NOW,
      position: after + at + 1,
    }))
    this.#listener?.records({ head: this.head, after, records: placed })
  }

  begin(): void {
    this.#listener?.resync()
  }
}

type WithoutPlace =
  | { kind: 'session'; sessionId: SessionId }
  | { kind: 'account'; accountId: AccountId; generation: number }
  | { kind: 'client'; applicationId: ApplicationId; generation: number }
  | { kind: 'changed'; subject: AccountId | SessionId }
  | { kind: 'key'; keyId: never }

let lease: Lease
let cache: NearCache
let reads: number
let session: Session

beforeEach(() => {
  lease = new Lease()
  cache = new NearCache({ lease, clock: lease.clock, capacity: 100 })
  reads = 0
  session = sampleSession({}, NOW)
})

function foundOf(one: Session): FoundSession {
  const account = {
    id: one.accountId,
    email: 'ada@example.com',
    passwordHash: '',
    roles: [],
    createdAt: NOW,
    generation: 0,
    disabled: false,
  }
  const application = {
    id: one.applicationId,
    name: 'Shop',
    strategy: 'stateful',
    transport: 'body',
    audience: [],
    origins: [],
    redirectUris: [],
    lifetimes: {},
    generation: 0,
  } as const
  return { session: one, standing: { account, application, position: lease.head } }
}

async function read(one: Session = session): Promise<FoundSession | undefined> {
  return cache.find(one.id, lease.clock.now(), async () => {
    reads++
    return foundOf(one)
  })
}

describe('a session that a node keeps', () => {
  it('is read once, and costs nothing from then on', async () => {
    for (let round = 0; round < 5; round++) expect((await read())?.session).toEqual(session)
    expect(reads).toBe(1)
  })

  it.each([
    ['itself', (): WithoutPlace => ({ kind: 'session', sessionId: session.id })],
    ['its account', (): WithoutPlace => ({ kind: 'account', accountId: session.accountId, generation: 1 })],
    ['its application', (): WithoutPlace => ({ kind: 'client', applicationId: session.applicationId, generation: 1 })],
    ['a change of its account', (): WithoutPlace => ({ kind: 'changed', subject: session.accountId })],
    ['a change of it', (): WithoutPlace => ({ kind: 'changed', subject: session.id })],
  ])('is read anew when the log tells of %s', async (_, record) => {
    await read()
    lease.tell(record())
    await read()
    expect(reads).toBe(2)
    await read()
    expect(reads).toBe(2)
  })

  it('stays when the log tells of others', async () => {
    await read()
    const other = sampleSession({}, NOW)
    lease.tell(
      { kind: 'session', sessionId: other.id },
      { kind: 'account', accountId: other.accountId, generation: 1 },
      { kind: 'client', applicationId: session.id as string as ApplicationId, generation: 1 },
    )
    await read()
    expect(reads).toBe(1)
  })

  it('is not brought back by a reading that an ending overtook', async () => {
    let goOn: () => void = () => undefined
    const held = new Promise<void>((resolve) => (goOn = resolve))
    const racing = cache.find(session.id, NOW, async () => {
      const found = foundOf(session)
      await held
      return found
    })
    await Promise.resolve()
    lease.tell({ kind: 'session', sessionId: session.id })
    goOn()
    await racing
    expect(cache.peek(session.id, NOW)).toBeUndefined()
  })

  it('is not used without a lease, and is again under the next one', async () => {
    await read()
    lease.isCurrent = false
    expect(cache.peek(session.id, NOW)).toBeUndefined()
    await read()
    expect([reads, lease.renewals > 0]).toEqual([1, true])
  })

  it('is asked for at the store when there is no lease to be had', async () => {
    await read()
    lease.isCurrent = false
    lease.renews = false
    await read()
    expect(reads).toBe(2)
  })

  it('is read anew when it has expired as far as it is known here, and after a minute', async () => {
    await read()
    lease.elapsed = 59_999
    await read()
    expect(reads).toBe(1)
    lease.elapsed = 60_000
    await read()
    expect(reads).toBe(2)
    session = { ...session, idleExpiresAt: lease.clock.now() }
    cache.replace(session)
    expect(cache.peek(session.id, lease.clock.now())).toBeUndefined()
  })

  it('is gone when the log is another one', async () => {
    await read()
    lease.begin()
    expect(cache.size).toBe(0)
    await read()
    await read()
    expect(reads).toBe(2)
  })

  it('stands as of the moment at which it is used', async () => {
    await read()
    lease.tell({ kind: 'session', sessionId: sampleSession().id })
    expect((await read())?.standing.position).toEqual(lease.head)
  })
})

describe('what a node keeps', () => {
  it('is bounded, and what is used stays', async () => {
    for (let round = 0; round < 1000; round++) {
      await read(sampleSession({}, NOW))
      await read()
    }
    expect(cache.size).toBeLessThanOrEqual(100)
    expect(reads).toBe(1001)
  })

  it('is nothing where that is configured', async () => {
    cache = new NearCache({ lease, clock: lease.clock, capacity: 0 })
    await read()
    await read()
    expect([reads, cache.size]).toEqual([2, 0])
  })

  it('is never behind, whatever ends and however many endings there are', async () => {
    const sessions = Array.from({ length: 5 }, () => sampleSession({}, NOW))
    const step = fc.record({
      at: fc.nat(sessions.length - 1),
      act: fc.constantFrom('use', 'end', 'end account', 'flood', 'begin'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        lease = new Lease()
        cache = new NearCache({ lease, clock: lease.clock, capacity: 6 })
        const endedBy = new Map<SessionId, number>()
        let moment = 0
        for (const { at, act } of steps) {
          moment++
          const one = sessions[at] ?? session
          if (act === 'end') lease.tell({ kind: 'session', sessionId: one.id })
          if (act === 'end account') lease.tell({ kind: 'account', accountId: one.accountId, generation: 1 })
          if (act === 'begin') lease.begin()
          if (act === 'flood')
            for (let n = 0; n < 20_001; n++) lease.tell({ kind: 'session', sessionId: `${n}` as SessionId })
          if (act === 'end' || act === 'end account') endedBy.set(one.id, moment)
          if (act !== 'use') continue
          const readAt = moment
          const found = await cache.find(one.id, NOW, async () => ({
            ...foundOf(one),
            session: { ...one, seenAt: readAt },
          }))
          expect(found?.session.seenAt).toBeGreaterThanOrEqual(endedBy.get(one.id) ?? 0)
        }
      }),
      { numRuns: 60 },
    )
  })
})
