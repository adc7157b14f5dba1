import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AccessTokenClaims } from '@counterfoil/protocol'
import type { Auth } from './auth.ts'
import {
  happened,
  HYBRID,
  openBench,
  ORIGIN,
  PASSWORD,
  refreshTokenOf,
  sessionTokenOf,
  signIn,
  STATEFUL,
  type Bench,
} from './auth.fixture.ts'
import type { Caller, SignedIn } from './sessions/caller.ts'
import { createMemoryStores, type MemoryStores } from './stores/memory/stores.ts'
import { StoreUnavailable } from './stores/unavailable.ts'

let stores: MemoryStores
let bench: Bench
let other: Auth

/** Two nodes over the same stores. */
beforeEach(async () => {
  stores = createMemoryStores()
  bench = await openBench(stores)
  other = await bench.restart()
})

/** What one node appended has come to the others. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

function claimsOf({ credentials }: SignedIn): AccessTokenClaims {
  return JSON.parse(
    Buffer.from(credentials.accessToken?.split('.')[1] ?? '', 'base64url').toString(),
  ) as AccessTokenClaims
}

async function use(node: Auth, signedIn: SignedIn): Promise<Caller> {
  return happened(await node.recogniseSessionToken(sessionTokenOf(signedIn)))
}

/** Counts what is asked of the stores. */
function countReads(): () => number {
  const spies = [
    vi.spyOn(stores.sessions, 'find'),
    vi.spyOn(stores.database, 'findAccount'),
    vi.spyOn(stores.database, 'findApplication'),
    vi.spyOn(stores.log, 'read'),
    vi.spyOn(stores.log, 'head'),
    vi.spyOn(stores.log, 'holdsSession'),
    vi.spyOn(stores.nodes, 'read'),
    vi.spyOn(stores.nodes, 'report'),
  ]
  return () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0)
}

describe('any node', () => {
  it('serves a session that another one started, and from memory once it has read it', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    await use(other, signedIn)
    await settle()
    const reads = countReads()
    for (let round = 0; round < 20; round++) await use(other, signedIn)
    expect(reads()).toBe(0)
  })

  it('reads the log anew before the bound is over, and nothing else', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    await use(other, signedIn)
    await settle()
    bench.clock.forward(bench.policy.leaseSeconds)
    const find = vi.spyOn(stores.sessions, 'find')
    await use(other, signedIn)
    expect(find).not.toHaveBeenCalled()
  })

  it('refuses a session that was ended at another one, which it has in memory', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    const caller = await use(other, signedIn)
    happened(await bench.auth.endSession(caller, signedIn.session.id, ORIGIN))
    await settle()
    expect(await other.recogniseSessionToken(sessionTokenOf(signedIn))).toMatchObject({ refused: 'credential_ended' })
  })

  it('refuses it at once where it was ended, though no hint has come', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    const caller = await use(bench.auth, signedIn)
    const hybrid = await signIn(bench, HYBRID)
    happened(await bench.auth.recogniseAccessToken(claimsOf(hybrid)))
    happened(await bench.auth.endAllSessions(caller, 'none', ORIGIN))
    expect(await bench.auth.recogniseSessionToken(sessionTokenOf(signedIn))).toMatchObject({
      refused: 'credential_ended',
    })
    expect(await bench.auth.recogniseAccessToken(claimsOf(hybrid))).toMatchObject({ refused: 'credential_ended' })
  })

  it('that hears nothing any more decides by the store when the bound is over, and says that it cannot when that is away', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    const caller = await use(other, signedIn)
    const away = (): Promise<never> => Promise.reject(new StoreUnavailable('cut off'))
    const spies: { mockRestore(): void }[] = [vi.spyOn(stores.log, 'read').mockImplementation(away)]
    bench.clock.forward(bench.policy.leaseSeconds)
    await use(other, signedIn)
    spies.push(vi.spyOn(stores.sessions, 'find').mockImplementation(away))
    await expect(other.recogniseSessionToken(sessionTokenOf(signedIn))).rejects.toThrow(StoreUnavailable)
    for (const spy of spies) spy.mockRestore()
    expect((await use(other, signedIn)).session.id).toBe(caller.session.id)
  })

  it('shows what was changed at another one', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    const caller = await use(other, signedIn)
    happened(await bench.auth.changeAccount(caller, { name: 'Countess' }, ORIGIN))
    expect((await use(bench.auth, signedIn)).account.name).toBe('Countess')
    await settle()
    expect((await use(other, signedIn)).account.name).toBe('Countess')
  })

  it('takes the new password for the session at which it was changed elsewhere, and lets the token from before go', async () => {
    const signedIn = await signIn(bench, STATEFUL)
    const caller = await use(other, signedIn)
    const input = { currentPassword: PASSWORD, newPassword: 'another battery horse' }
    const renewed = happened(await bench.auth.changePassword(caller, input, ORIGIN))
    await settle()
    await use(other, renewed)
    expect(await other.recogniseSessionToken(sessionTokenOf(signedIn))).toMatchObject({ refused: 'credential_ended' })
  })

  it('takes part in reuse: what one rotated, another one does not rotate again', async () => {
    const token = refreshTokenOf(await signIn(bench, HYBRID))
    const answers = await Promise.all(
      [bench.auth, other, bench.auth, other].map((node) => node.refresh(token, HYBRID, ORIGIN)),
    )
    const tokens = answers.map((answer) => refreshTokenOf(happened(answer)))
    expect(new Set(tokens).size).toBe(1)
  })

  it('signs with no key that was taken out of use at another one', async () => {
    const before = other.publicKeys()
    const signer = claimsKey(await signIn({ auth: other }, HYBRID))
    await bench.auth.killKey(signer as never)
    await settle()
    expect(other.publicKeys()).not.toBe(before)
    expect(claimsKey(await signIn({ auth: other }, HYBRID))).not.toBe(signer)
  })
})

describe('a synchronous ending', () => {
  it('waits for the verifiers of all nodes, and no longer than until they have said so', async () => {
    bench.clock.forward(60)
    const verifier = { verifier: 'V'.repeat(22), applied: undefined }
    const first = await other.feed.lease(verifier)
    if (first === 'crowded') throw new Error('crowded')
    const signedIn = await signIn(bench, HYBRID)
    const caller = happened(await bench.auth.recogniseAccessToken(claimsOf(signedIn)))
    const { head } = happened(await bench.auth.endSession(caller, signedIn.session.id, ORIGIN))
    let isOver = false
    const waiting = bench.auth.feed.waitUntilObeyed(head).then((obeyed) => {
      isOver = true
      return obeyed
    })
    await settle()
    expect(isOver).toBe(false)
    // The verifier asks the first node: what it says there is known at the second one.
    await bench.auth.feed.lease({ ...verifier, applied: head })
    await settle()
    expect(isOver).toBe(true)
    expect((await waiting).waitedMs).toBe(0)
  })

  it('waits for what another node keeps in memory', async () => {
    bench.clock.forward(60)
    const signedIn = await signIn(bench, STATEFUL)
    const caller = await use(other, signedIn)
    const { head } = happened(await bench.auth.endSession(caller, signedIn.session.id, ORIGIN))
    await bench.auth.feed.waitUntilObeyed(head)
    expect(await other.recogniseSessionToken(sessionTokenOf(signedIn))).toMatchObject({ refused: 'credential_ended' })
  })

  it('does not wait for nodes that grant no leases', async () => {
    bench.clock.forward(60)
    const signedIn = await signIn(bench, HYBRID)
    const caller = happened(await bench.auth.recogniseAccessToken(claimsOf(signedIn)))
    const { head } = happened(await bench.auth.endSession(caller, signedIn.session.id, ORIGIN))
    expect(await bench.auth.feed.waitUntilObeyed(head)).toEqual({ waitedMs: 0, stands: true })
  })
})

/** The key that signed an access token. */
function claimsKey({ credentials }: SignedIn): string {
  const header = JSON.parse(
    Buffer.from(credentials.accessToken?.split('.')[0] ?? '', 'base64url').toString(),
  ) as Record<string, string>
  return header['kid'] ?? ''
}
