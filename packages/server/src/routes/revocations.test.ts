import { createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '@counterfoil/core'
import { createVerifier, type FeedNotice, type VerifierOptions } from '@counterfoil/verifier'
import { openServer, present, signIn, signUp, VERIFIER, type Held, type TestServer } from '../server.fixture.ts'

const FAST = { leaseSeconds: 1 }
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close()
})

async function freePort(): Promise<number> {
  const probe = createTcpServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A server on a real port, with real clocks. */
async function listen(): Promise<TestServer & { readonly issuer: string; readonly port: number }> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const test = await openServer({ issuer, settings: FAST, clock: systemClock })
  open.push({ close: () => test.server.close({ withinMs: 100 }) })
  await test.server.listen({ host: '127.0.0.1', port })
  return { ...test, issuer, port }
}

/** A verifier that follows, and what happens to it. */
function follow(issuer: string, more: Partial<VerifierOptions> = {}) {
  const notices: FeedNotice[] = []
  const waiting = new Set<() => void>()
  const onEvent = (notice: FeedNotice): void => {
    notices.push(notice)
    for (const look of waiting) look()
  }
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    onStale: 'reject',
    feed: { key: VERIFIER.key, onEvent },
    ...more,
  })
  open.push(verifier)
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { verifier, notices, until }
}

async function hybrid(test: TestServer): Promise<Held & { readonly token: string }> {
  const held = await signIn(test, 'hybrid')
  return { ...held, token: present(held.token) }
}

const signOut = (test: TestServer, token: string, query = '') =>
  test.call({ method: 'DELETE', path: `/sessions/current${query}`, token })

describe('a verifier that follows the log', () => {
  it('holds a lease, accepts, and refuses as soon as a revocation is pushed', async () => {
    const test = await listen()
    const { token } = await hybrid(test)
    const { verifier, until, notices } = follow(test.issuer)
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted', fresh: true })
    expect(verifier.status().feed).toMatchObject({ mode: 'background', holding: true, leaseMs: 1000 })
    await until(() => notices.some((notice) => notice.kind === 'channel' && notice.state === 'open'))
    await signOut(test, token)
    await until(() => notices.some(({ kind }) => kind === 'applied'))
    expect(notices.at(-1)).toMatchObject({ kind: 'applied', by: 'push', records: 1 })
    expect(await verifier.verify(token)).toEqual({ outcome: 'refused', reason: 'revoked' })
    const { decisions, bound } = verifier.status()
    expect(decisions).toMatchObject({ accepted: 1, refused: { revoked: 1 } })
    expect(bound).toBeCloseTo(1001, 0)
  })

  it('G2 every decision that starts after a synchronous revocation returned rejects', async () => {
    const test = await listen()
    const { verifier } = follow(test.issuer)
    for (let round = 0; round < 5; round++) {
      const { token } = await hybrid(test)
      expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
      const { body } = await signOut(test, token, '?wait=everywhere')
      expect(await verifier.verify(token)).toEqual({ outcome: 'refused', reason: 'revoked' })
      expect(body['revocation']).toMatchObject({ position: round + 1 })
    }
  })

  it('G3 decides at a place in the log that an ending call has answered', async () => {
    const test = await listen()
    const { verifier } = follow(test.issuer, { feed: { key: VERIFIER.key, mode: 'on-demand' } })
    const [first, second] = [await hybrid(test), await hybrid(test)]
    expect(await verifier.verify(first.token)).toMatchObject({ outcome: 'accepted' })
    const { body } = await signOut(test, second.token)
    const minPosition = body['revocation'] as { incarnation: string; position: number }
    expect(await verifier.verify(second.token)).toMatchObject({ outcome: 'accepted' })
    const { incarnation, position } = minPosition
    const at = { minPosition: { incarnation, position } }
    expect(await verifier.verify(first.token, at)).toMatchObject({ outcome: 'accepted', fresh: true })
    expect(await verifier.verify(second.token, at)).toEqual({ outcome: 'refused', reason: 'revoked' })
    const beyond = { minPosition: { incarnation, position: position + 1 } }
    expect(await verifier.verify(first.token, beyond)).toMatchObject({ outcome: 'unknown', reason: 'behind' })
  })

  it('obeys "log out everywhere", a raised application and a killed key', async () => {
    const test = await listen()
    const { verifier } = follow(test.issuer)
    const tokens = [await hybrid(test), await hybrid(test)]
    await test.call({
      method: 'DELETE',
      path: '/sessions?keep=current&wait=everywhere',
      token: present(tokens[0]).token,
    })
    expect(await verifier.verify(present(tokens[0]).token)).toMatchObject({ outcome: 'accepted' })
    expect(await verifier.verify(present(tokens[1]).token)).toEqual({ outcome: 'refused', reason: 'revoked' })
    const { auth } = test.server
    const raised = await auth.endApplicationSessions('hybrid' as never)
    await auth.feed.waitUntilObeyed(present(raised).head)
    expect(await verifier.verify(present(tokens[0]).token)).toEqual({ outcome: 'refused', reason: 'revoked' })
    const later = await hybrid(test)
    expect(await verifier.verify(later.token)).toMatchObject({ outcome: 'accepted' })
    const [signer] = auth.publicKeys()
    const killed = await auth.killKey(present(signer).kid as never)
    await auth.feed.waitUntilObeyed(present(killed).head)
    expect(await verifier.verify(later.token)).toEqual({ outcome: 'refused', reason: 'revoked' })
    const last = await hybrid(test)
    expect(await verifier.verify(last.token)).toMatchObject({ outcome: 'accepted' })
  })

  it('RFC 7009 2.1 grant ends with its refresh token, at services too', async () => {
    const test = await listen()
    const { verifier } = follow(test.issuer)
    const { token, refreshToken } = await hybrid(test)
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
    const form = { token: present(refreshToken), client_id: 'hybrid' }
    await test.call({ path: '/oauth/revoke?wait=everywhere', form })
    expect(await verifier.verify(token)).toEqual({ outcome: 'refused', reason: 'revoked' })
  })

  it('takes session tokens too, by asking, and keeps the answer no longer than a lease', async () => {
    const test = await listen()
    const { verifier } = follow(test.issuer)
    const held = await signIn(test, 'stateful')
    const token = present(held.token)
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted', identity: { strategy: 'stateful' } })
    expect(verifier.verify(token)).toMatchObject({ outcome: 'accepted', fresh: true })
    await signOut(test, token, '?wait=everywhere')
    expect(await verifier.verify(token)).toEqual({ outcome: 'refused', reason: 'revoked' })
  })

  it('ends what is open under a credential', async () => {
    const test = await listen()
    const { verifier } = follow(test.issuer)
    const { token } = await hybrid(test)
    const decision = await verifier.verify(token)
    if (decision.outcome !== 'accepted') throw new Error(decision.outcome)
    const { signal } = decision
    const fired = new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))
    await signOut(test, token)
    expect(await fired).toMatchObject({ name: 'WorkEnded', reason: 'revoked' })
  })

  it('says why it cannot tell before it has ever reached its server, and recovers by itself', async () => {
    const port = await freePort()
    const issuer = `http://127.0.0.1:${port}`
    const test = await openServer({ issuer, settings: FAST, clock: systemClock })
    const { token } = await hybrid(test)
    const keys = { keys: test.server.auth.publicKeys }
    const { verifier, until } = follow(issuer, { jwks: keys })
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'unknown', reason: 'never-connected' })
    expect(await verifier.verify(token, { onStale: 'accept' })).toMatchObject({ reason: 'never-connected' })
    expect(verifier.status().feed).toMatchObject({ holding: false, error: expect.stringContaining('ECONNREFUSED') })
    open.push({ close: () => test.server.close({ withinMs: 100 }) })
    await test.server.listen({ host: '127.0.0.1', port })
    await until(() => (verifier.status().feed as { holding: boolean }).holding)
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted', fresh: true })
  })

  it('goes on by the policy of each route when it has lost its server', async () => {
    const test = await listen()
    const { token } = await hybrid(test)
    const { verifier, until, notices } = follow(test.issuer, { jwks: { keys: test.server.auth.publicKeys } })
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'accepted' })
    await test.server.close({ withinMs: 100 })
    await until(() => notices.some(({ kind }) => kind === 'lease-lost'))
    expect(await verifier.verify(token)).toMatchObject({ outcome: 'unknown', reason: 'stale' })
    expect(await verifier.verify(token, { onStale: 'introspect' })).toMatchObject({
      outcome: 'unknown',
      reason: 'stale',
    })
    expect(await verifier.verify(token, { onStale: 'accept' })).toMatchObject({ outcome: 'accepted', fresh: false })
    expect(verifier.status().decisions).toMatchObject({ acceptedStale: 1, unknown: 2 })
  })
})

describe('leases and pushes', () => {
  const VERIFIER_ID = 'A'.repeat(22)

  it('are for verifiers with a key', async () => {
    const test = await openServer()
    for (const [token, code] of [
      [undefined, 'credential_absent'],
      ['not the key', 'credential_untrusted'],
    ]) {
      const asked = await test.call({ path: '/revocations/lease', json: { verifier: VERIFIER_ID }, token })
      expect([asked.status, asked.body['code']]).toEqual([401, code])
      const heard = await test.call({ path: '/revocations/stream?incarnation=x&after=0', token })
      expect([heard.status, heard.body['code']]).toEqual([401, code])
    }
  })

  it('begin with a snapshot, go on from where the verifier is, and begin anew when that cannot be', async () => {
    const test = await openServer()
    const ask = (json: object) => test.call({ path: '/revocations/lease', json, token: VERIFIER.key })
    const first = await ask({ verifier: VERIFIER_ID })
    expect(first.body).toMatchObject({ head: 0, floor: 0, lease_ms: 5000, records: [] })
    const { token } = await hybrid(test)
    await signOut(test, token)
    const incarnation = first.body['incarnation']
    const next = await ask({ verifier: VERIFIER_ID, incarnation, after: 0 })
    expect(next.body).toMatchObject({ head: 1, records: [{ position: 1, kind: 'session' }] })
    expect(next.body['floor']).toBeUndefined()
    expect((await ask({ verifier: VERIFIER_ID, incarnation, after: 9 })).body).toMatchObject({ head: 1, floor: 0 })
    expect((await ask({ verifier: VERIFIER_ID, incarnation: 'other', after: 1 })).body).toMatchObject({ floor: 0 })
    test.clock.forward(3600)
    expect((await ask({ verifier: VERIFIER_ID })).body).toMatchObject({ head: 1, floor: 1, records: [] })
  })

  it('are refused when what is asked for makes no sense', async () => {
    const test = await openServer()
    for (const json of [
      {},
      { verifier: 'x' },
      { verifier: VERIFIER_ID, after: 1 },
      { verifier: VERIFIER_ID, after: -1 },
      1,
    ])
      expect((await test.call({ path: '/revocations/lease', json, token: VERIFIER.key })).status).toBe(400)
  })

  it('are not to be had while the store is away, which signs nobody out', async () => {
    const test = await openServer()
    test.breakStores(true)
    const { status, body } = await test.call({
      path: '/revocations/lease',
      json: { verifier: VERIFIER_ID },
      token: VERIFIER.key,
    })
    expect([status, body['code']]).toEqual([503, 'store_unavailable'])
  })

  it('G2 after a start a synchronous revocation waits for leases of the process before', async () => {
    const test = await openServer({ settings: FAST, clock: systemClock })
    await signUp(test)
    const { token } = await hybrid(test)
    const { body } = await signOut(test, token, '?wait=everywhere')
    expect((body['revocation'] as { waited_ms: number }).waited_ms).toBeGreaterThan(100)
  })
})
