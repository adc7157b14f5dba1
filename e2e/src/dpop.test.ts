import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ROUTES } from '@counterfoil/protocol'
import { createVerifier } from '@counterfoil/verifier'
import { authenticate, authOf } from '@counterfoil/verifier/node'
import { FORGETFUL, startPostgres } from '@counterfoil/testbed'
import { calculateThumbprint, generateKeyPair, generateProof, type JWSAlgorithm } from 'dpop'
import * as oauth from 'oauth4webapi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PASSWORD, refresh, send, signIn, signUp, textIn, type Answer } from './client.ts'
import { freePort, makeFolder, startServer, until, type RunningServer } from './harness.ts'

type Strategy = 'hybrid' | 'stateless'
const STRATEGIES: readonly Strategy[] = ['hybrid', 'stateless']
const VISITOR = 'ada@example.com'

/** A server whose issuer is where it listens, and what a client finds out about it. */
async function open(environment: Record<string, string> = {}, folder = makeFolder(), port?: number) {
  const at = port ?? (await freePort())
  const own = { COUNTERFOIL_LISTEN: `127.0.0.1:${at}`, COUNTERFOIL_ISSUER: `http://localhost:${at}` }
  const server = await startServer({ folder: folder.path, environment: { ...own, ...environment } })
  onTestFinished(async () => {
    if (server.process.exitCode === null) await server.stop()
    folder[Symbol.dispose]()
  })
  const issuer = new URL(server.url)
  const insecure = { [oauth.allowInsecureRequests]: true }
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  const as = await oauth.processDiscoveryResponse(issuer, response)
  return { server, folder, port: at, as, insecure }
}

/** Signs in with a proof that the package `dpop` makes, once more with the nonce where one is asked for. */
async function signInBound(
  server: RunningServer,
  keys: CryptoKeyPair,
  strategy: Strategy = 'hybrid',
  nonce?: string,
): Promise<Answer> {
  const dpop = await generateProof(keys, server.url + ROUTES.sessions, 'POST', nonce)
  const json = { client_id: strategy, email: VISITOR, password: PASSWORD }
  const answer = await send(server.url, ROUTES.sessions, { json, headers: { dpop } })
  const asked = answer.headers.get('dpop-nonce')
  return answer.status === 401 && asked !== null && nonce === undefined
    ? signInBound(server, keys, strategy, asked)
    : answer
}

/** A client that refreshes and calls by oauth4webapi, with these keys. */
function independent({ as, insecure, server }: Awaited<ReturnType<typeof open>>, strategy: Strategy) {
  const client: oauth.Client = { client_id: strategy }
  const url = new URL(server.url + ROUTES.account)
  return {
    dpop: (keys: CryptoKeyPair) => oauth.DPoP(client, keys),
    refresh: (token: string, DPoP: oauth.DPoPHandle) =>
      persist(async () => {
        const response = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, { DPoP, ...insecure })
        return oauth.processRefreshTokenResponse(as, client, response)
      }),
    call: (token: string, DPoP?: oauth.DPoPHandle): Promise<Response> => {
      const options = DPoP === undefined ? insecure : { DPoP, ...insecure }
      return persist(() => oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, options))
    },
  }
}

/** What a refused call was answered: the scheme of the challenge, and its error. */
async function challengeOf(call: Promise<Response>): Promise<unknown> {
  const refused = await call.then(
    () => 'it was not refused',
    (error: unknown) => error,
  )
  if (!(refused instanceof oauth.WWWAuthenticateChallengeError)) return refused
  const [challenge] = refused.cause
  return [refused.status, challenge?.scheme, challenge?.parameters.error]
}

/** A request that is sent once more where a nonce is asked for. */
async function persist<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return act()
  }
}

describe.each([
  ['that asks nobody for nonces', {}],
  ['that asks everybody for nonces', { COUNTERFOIL_POLICY_PROOF_NONCE_SECONDS: '60' }],
])('independent clients at a server %s', (_title, environment) => {
  const algorithms: readonly JWSAlgorithm[] = ['ES256', 'Ed25519', 'RS256', 'PS256']
  test.each(STRATEGIES.flatMap((strategy) => algorithms.map((algorithm) => [strategy, algorithm] as const)))(
    'RFC 9449 5 V10.3.5 V10.4.14 sign in, call and refresh, %s, with a key of %s, by dpop and by oauth4webapi',
    { timeout: 60_000 },
    async (strategy, algorithm) => {
      const opened = await open(environment)
      const { server, as } = opened
      await signUp({ url: server.url, email: VISITOR })
      const keys = await generateKeyPair(algorithm)
      const signedIn = await signInBound(server, keys, strategy)
      expect([signedIn.status, signedIn.body['token_type']]).toEqual([201, 'DPoP'])

      expect(as.dpop_signing_alg_values_supported).toContain(algorithm)
      const client = independent(opened, strategy)
      const DPoP = client.dpop(keys)
      const refreshed = await client.refresh(textIn(signedIn, 'refresh_token') ?? '', DPoP)
      // The library writes it in small letters, as RFC 6749 §5.1 lets it.
      expect(refreshed.token_type).toBe('dpop')

      const answer = await client.call(refreshed.access_token, DPoP)
      expect([answer.status, await answer.json()]).toMatchObject([200, { email: VISITOR }])
      expect(await challengeOf(client.call(refreshed.access_token))).toEqual([401, 'dpop', 'invalid_token'])
      const other = client.dpop(await generateKeyPair(algorithm))
      const byOther = client.call(refreshed.access_token, other)
      expect(await challengeOf(byOther)).toEqual([401, 'dpop', 'invalid_dpop_proof'])

      const claims = JSON.parse(
        Buffer.from(refreshed.access_token.split('.')[1] ?? '', 'base64url').toString(),
      ) as object
      expect(claims).toMatchObject({ cnf: { jkt: await calculateThumbprint(keys.publicKey) } })
      expect(await server.stop()).toBe(0)
    },
  )
})

describe.each(STRATEGIES)('what was stolen of a bound session that is %s', (strategy) => {
  test('RFC 9449 7.2 is no bearer, also where a good proof comes along', async () => {
    const opened = await open()
    const { server } = opened
    await signUp({ url: server.url, email: VISITOR })
    const keys = await generateKeyPair('ES256')
    const token = textIn(await signInBound(server, keys, strategy), 'access_token') ?? ''
    const client = independent(opened, strategy)
    const dpop = await generateProof(keys, server.url + ROUTES.account, 'GET', undefined, token)
    expect(await challengeOf(client.call(token))).toEqual([401, 'dpop', 'invalid_token'])
    // The library would take the scheme from the header.
    const { status, body } = await send(server.url, ROUTES.account, { bearer: token, headers: { dpop } })
    expect([status, body['code']]).toEqual([401, 'credential_bound'])
    expect((await client.call(token, client.dpop(keys))).status).toBe(200)
  })

  test('RFC 9449 5 V10.4.5 refreshes with no other key, and the session goes on', async () => {
    const opened = await open()
    await signUp({ url: opened.server.url, email: VISITOR })
    const keys = await generateKeyPair('ES256')
    const signedIn = await signInBound(opened.server, keys, strategy)
    const client = independent(opened, strategy)
    const token = textIn(signedIn, 'refresh_token') ?? ''
    const stolen = client.refresh(token, client.dpop(await generateKeyPair('ES256')))
    await expect(stolen).rejects.toMatchObject({ status: 400, error: 'invalid_grant' })
    const refreshed = await client.refresh(token, client.dpop(keys))
    expect((await client.call(refreshed.access_token, client.dpop(keys))).status).toBe(200)
  })

  test('RFC 9449 11.1 refreshes with no proof that was used there, and the session goes on', async () => {
    const opened = await open()
    const { server } = opened
    await signUp({ url: server.url, email: VISITOR })
    const keys = await generateKeyPair('ES256')
    const first = textIn(await signInBound(server, keys, strategy), 'refresh_token') ?? ''
    const dpop = await generateProof(keys, server.url + ROUTES.token, 'POST')
    const ask = (token: string): Promise<Answer> => {
      const form = { grant_type: 'refresh_token', refresh_token: token, client_id: strategy }
      return send(server.url, ROUTES.token, { form, headers: { dpop } })
    }
    const refreshed = await ask(first)
    expect(refreshed.status).toBe(200)
    const next = textIn(refreshed, 'refresh_token') ?? first
    for (const token of [first, next]) {
      const { status, body } = await ask(token)
      expect([status, body['error']]).toEqual([400, 'invalid_dpop_proof'])
    }
    const client = independent(opened, strategy)
    expect((await client.refresh(next, client.dpop(keys))).token_type).toBe('dpop')
  })
})

test('a bound client has the answer to a refresh that it lost after the window in which tabs may overlap, and nobody else', async () => {
  const opened = await open({ COUNTERFOIL_POLICY_REFRESH_CONCURRENCY_WINDOW_SECONDS: '0' })
  const { server, folder } = opened
  await signUp({ url: server.url, email: VISITOR })
  const client = independent(opened, 'hybrid')
  const keys = await generateKeyPair('ES256')
  const DPoP = client.dpop(keys)
  const token = textIn(await signInBound(server, keys), 'refresh_token') ?? ''
  const plain = textIn(await signIn({ url: server.url, email: VISITOR }, 'hybrid'), 'refresh_token') ?? ''
  const lost = await client.refresh(token, DPoP)
  expect((await refresh(server.url, plain, 'hybrid')).status).toBe(200)
  // The window is over from the next millisecond on.
  const rotatedAt = Date.now()
  await until(async () => (Date.now() > rotatedAt ? true : undefined))

  const stolen = client.refresh(token, client.dpop(await generateKeyPair('ES256')))
  await expect(stolen).rejects.toMatchObject({ status: 400, error: 'invalid_grant' })
  const again = await client.refresh(token, DPoP)
  expect(again.refresh_token).toBe(lost.refresh_token)
  expect((await client.call(again.access_token, DPoP)).status).toBe(200)
  expect((await client.refresh(again.refresh_token ?? '', DPoP)).token_type).toBe('dpop')
  // Without a key it would have been taken for theft.
  expect((await refresh(server.url, plain, 'hybrid')).body['error']).toBe('invalid_grant')

  expect(await server.stop()).toBe(0)
  using database = new DatabaseSync(join(folder.path, 'data/counterfoil.db'))
  const recovered = database.prepare("SELECT count(*) AS count FROM audit WHERE kind = 'session.recovered'").get()
  expect(recovered).toEqual({ count: 1 })
})

test('an independent client is let in at a service by its verifier, and nobody else with its token', async () => {
  const { server } = await open()
  await signUp({ url: server.url, email: VISITOR })
  const origin = `http://127.0.0.1:${await freePort()}`
  const verifier = createVerifier({ issuer: server.url, audience: server.url, proofs: { origin } })
  const isKnown = authenticate(verifier)
  const service = createServer((request, response) => {
    void isKnown(request, response).then((known) => known && response.end(authOf(request)?.identity.accountId))
  })
  service.listen(Number(new URL(origin).port), '127.0.0.1')
  await once(service, 'listening')
  onTestFinished(async () => {
    verifier.close()
    service.close()
    service.closeAllConnections()
  })
  expect((service.address() as AddressInfo).port).toBe(Number(new URL(origin).port))

  const keys = await generateKeyPair('ES256')
  const token = textIn(await signInBound(server, keys), 'access_token') ?? ''
  const ask = async (headers: Record<string, string>): Promise<[number, string | null]> => {
    const { status, headers: answered } = await fetch(`${origin}/orders?page=2`, { headers })
    return [status, answered.get('www-authenticate')]
  }
  const authorization = `DPoP ${token}`
  const dpop = await generateProof(keys, `${origin}/orders`, 'GET', undefined, token)
  expect(await ask({ authorization, dpop })).toEqual([200, null])
  expect(await ask({ authorization, dpop })).toEqual([401, expect.stringContaining('error="invalid_dpop_proof"')])
  expect(await ask({ authorization: `Bearer ${token}` })).toEqual([
    401,
    expect.stringMatching(/^DPoP .*"invalid_token"/),
  ])
  const elsewhere = await generateProof(keys, `${server.url}/orders`, 'GET', undefined, token)
  expect(await ask({ authorization, dpop: elsewhere })).toEqual([401, expect.stringContaining('invalid_dpop_proof')])
})

test('RFC 9449 11.1 a proof that was used is refused after a restart, too, and the session goes on', async () => {
  const first = await open()
  await signUp({ url: first.server.url, email: VISITOR })
  const keys = await generateKeyPair('ES256')
  const token = textIn(await signInBound(first.server, keys), 'access_token') ?? ''
  const { url } = first.server
  const prove = () => generateProof(keys, url + ROUTES.account, 'GET', undefined, token)
  const ask = async (dpop: string): Promise<unknown> => {
    const answer = await send(url, ROUTES.account, { headers: { authorization: `DPoP ${token}`, dpop } })
    return answer.body['code'] ?? answer.status
  }
  const used = await prove()
  expect(await ask(used)).toBe(200)
  expect(await first.server.stop()).toBe(0)
  await open({}, first.folder, first.port)
  expect(await ask(used)).toBe('invalid_dpop_proof')
  expect(await ask(await prove())).toBe(200)
})

test(
  'RFC 9449 11.1 a proof is good once at all nodes and their processes over one PostgreSQL',
  { timeout: 120_000 },
  async () => {
    const postgres = await startPostgres({ settings: FORGETFUL })
    const environment = {
      COUNTERFOIL_DATABASE: postgres.url(),
      COUNTERFOIL_SECRET: 'a secret of this test, long enough',
      COUNTERFOIL_DRAIN_SECONDS: '0',
    }
    const { server: one, folder } = await open(environment)
    const other = await startServer({
      folder: folder.path,
      environment: { ...environment, COUNTERFOIL_ISSUER: one.url, COUNTERFOIL_WORKERS: '2' },
    })
    onTestFinished(async () => {
      await other.stop()
      await one.stop()
      await postgres.close()
    })
    await signUp({ url: one.url, email: VISITOR })
    const keys = await generateKeyPair('ES256')
    const held = await signInBound(one, keys)
    const token = textIn(held, 'access_token') ?? ''
    const statusesOf = async (ask: (url: string) => Promise<Answer>): Promise<number[]> => {
      const urls = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one.url : other.url))
      const answers = await Promise.all(urls.map((url) => ask(url)))
      return answers.map(({ status }) => status).toSorted((one, other) => one - other)
    }
    const dpop = await generateProof(keys, one.url + ROUTES.account, 'GET', undefined, token)
    const headers = { authorization: `DPoP ${token}`, dpop }
    const first = await statusesOf((url) => send(url, ROUTES.account, { headers }))
    expect(first).toEqual([200, ...Array<number>(19).fill(401)])

    const form = {
      grant_type: 'refresh_token',
      refresh_token: textIn(held, 'refresh_token') ?? '',
      client_id: 'hybrid',
    }
    const once = { dpop: await generateProof(keys, one.url + ROUTES.token, 'POST') }
    const refreshed = await statusesOf((url) => send(url, ROUTES.token, { form, headers: once }))
    expect(refreshed).toEqual([200, ...Array<number>(19).fill(400)])
  },
)
