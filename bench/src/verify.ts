import { generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { createVerifier, type Jwk, type VerifierOptions } from '@counterfoil/verifier'
import { createVerifier as createFastJwt } from 'fast-jwt'
import { importSPKI, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { following } from './following.ts'
import { median, type Finding, type SuiteResult } from './finding.ts'

type Algorithm = 'EdDSA' | 'ES256' | 'RS256'

interface Material {
  readonly algorithm: Algorithm
  readonly publicKey: KeyObject
  readonly jwk: Jwk
  readonly tokens: readonly string[]
}

const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://orders.example.com'

function generate(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

function signature(algorithm: Algorithm, data: Buffer, key: KeyObject): Buffer {
  if (algorithm === 'EdDSA') return sign(null, data, key)
  return sign('sha256', data, algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key)
}

/** Distinct access tokens of the shape that the server issues. */
function prepare(algorithm: Algorithm, count: number): Material {
  const { publicKey, privateKey } = generate(algorithm)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const header = part({ alg: algorithm, typ: 'at+jwt', kid: 'k1' })
  const tokens = Array.from({ length: count }, (_, at) => {
    const id = Buffer.alloc(16, at).toString('base64url')
    const names = { sub: 'NMeCvzEiSzh-3rDNTQJFmg', aud: AUDIENCE, client_id: 'hybrid', sid: id, jti: `${id}${at}` }
    const times = { iat: now, exp: now + 3600, auth_time: now }
    const revocable = { account_generation: 0, client_generation: 0, log_position: 'AAAAAAAA.0' }
    const rest = { amr: ['pwd'], strategy: 'hybrid', ...revocable, roles: ['support'] }
    const signed = `${header}.${part({ iss: ISSUER, ...names, ...times, ...rest })}`
    return `${signed}.${signature(algorithm, Buffer.from(signed), privateKey).toString('base64url')}`
  })
  const { kty = '', ...rest } = publicKey.export({ format: 'jwk' })
  return { algorithm, publicKey, jwk: { ...rest, kty, kid: 'k1', alg: algorithm, use: 'sig' }, tokens }
}

/** One way to check a token. It throws, or says no, when it does not accept one. */
type Check = (token: string) => unknown

interface Contender {
  readonly name: string
  readonly check: Check
}

/** Operations per second of each, in interleaved rounds; the middle of them. */
async function race(
  contenders: readonly Contender[],
  tokens: readonly string[],
  roundMs: number,
  rounds: number,
): Promise<Map<string, number>> {
  const speeds = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const { name, check } of contenders) {
      const speed = await measure(check, tokens, roundMs)
      speeds.set(name, [...(speeds.get(name) ?? []), speed])
    }
  }
  return new Map([...speeds].map(([name, all]) => [name, median(all.slice(1))]))
}

async function measure(check: Check, tokens: readonly string[], forMs: number): Promise<number> {
  const began = performance.now()
  let done = 0
  for (let elapsed = 0; elapsed < forMs; elapsed = performance.now() - began) {
    for (let batch = 0; batch < 64; batch++) {
      const outcome = check(tokens[done % tokens.length] ?? '')
      if (outcome instanceof Promise) await outcome
      done++
    }
  }
  return done / ((performance.now() - began) / 1000)
}

function ours(jwk: Jwk, cached: boolean, more: Partial<VerifierOptions> = {}): Check {
  const cache = cached ? {} : { cache: { maxEntries: 0 } }
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [jwk] }, ...cache, ...more })
  return (token) => {
    const decision = verifier.verify(token)
    if (decision instanceof Promise) return decision.then(requireAccepted)
    return requireAccepted(decision)
  }
}

function requireAccepted(decision: { readonly outcome: string }): void {
  if (decision.outcome !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(decision)}`)
}

async function firstTimeContenders({ algorithm, publicKey, jwk }: Material): Promise<Contender[]> {
  const key = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const imported = await importSPKI(key, algorithm)
  const fastJwt = createFastJwt({
    key,
    algorithms: [algorithm],
    cache: false,
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
  })
  const josePlain: Check = (token) => jwtVerify(token, imported, { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt' })
  const bare: Check = (token) => {
    const dot = token.lastIndexOf('.')
    const data = Buffer.from(token.slice(0, dot))
    const tail = Buffer.from(token.slice(dot + 1), 'base64url')
    const how = algorithm === 'ES256' ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey
    if (!verify(algorithm === 'EdDSA' ? null : 'sha256', data, how, tail)) throw new Error('not accepted')
  }
  const known = {
    name: 'jsonwebtoken',
    check: (token: string) => jsonwebtoken.verify(token, publicKey, { algorithms: [algorithm] }),
  }
  return [
    { name: 'ours', check: ours(jwk, false) },
    { name: 'jose', check: josePlain },
    { name: 'fast-jwt', check: fastJwt },
    { name: 'bare crypto.verify', check: bare },
    ...(algorithm === 'EdDSA' ? [] : [known]),
  ]
}

const FIRST_TIME_TARGETS: Readonly<Record<string, number>> = { 'EdDSA jose': 1.4, 'EdDSA bare crypto.verify': 0.95 }

/** Verification on one core: a token that was seen before, and one that was not. */
export async function benchVerify(quick: boolean): Promise<SuiteResult> {
  const [roundMs, rounds] = quick ? [150, 3] : [1000, 7]
  const findings: Finding[] = []
  for (const algorithm of ['EdDSA', 'ES256', 'RS256'] as const) {
    const material = prepare(algorithm, 1000)
    const speeds = await race(await firstTimeContenders(material), material.tokens, roundMs, rounds)
    findings.push(...compare(`${algorithm}, first time`, speeds, (peer) => FIRST_TIME_TARGETS[`${algorithm} ${peer}`]))
  }
  const material = prepare('EdDSA', 1000)
  const contenders = (await firstTimeContenders(material)).filter(({ name }) => name === 'jose')
  const key = material.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const cached = createFastJwt({ key, algorithms: ['EdDSA'], cache: 10_000, allowedIss: ISSUER, allowedAud: AUDIENCE })
  const all = [
    { name: 'ours', check: ours(material.jwk, true) },
    { name: 'fast-jwt with cache', check: cached },
    ...contenders,
  ]
  for (const count of [1000, 300_000])
    all.push({ name: `ours, ${count.toLocaleString('en')} records`, check: ours(material.jwk, true, following(count)) })
  const targets: Readonly<Record<string, number>> = { 'fast-jwt with cache': 8, jose: 250 }
  findings.push(...compareFollowing(await race(all, material.tokens, roundMs, rounds), targets))
  return {
    title: 'Verifying an access token',
    findings,
    remarks: [
      'One core, 1,000 distinct tokens of the shape that the server issues, all claims checked.',
      'With records: the verifier follows the log, so each check includes whether it holds a lease, and whether a record names the session, the account, the application or the key. Without: it has no feed.',
    ],
  }
}

/** With the feed on: a lease is held, and records are known. The targets are for the larger number of them. */
function compareFollowing(speeds: ReadonlyMap<string, number>, targets: Readonly<Record<string, number>>): Finding[] {
  const [few, many] = ['ours, 1,000 records', 'ours, 300,000 records']
  const peers = [...speeds].filter(([name]) => !name.startsWith('ours'))
  const of = (name: string): number => speeds.get(name) ?? Number.NaN
  const seen = 'EdDSA, seen before'
  return [
    ...compare(`${seen}, no feed`, new Map([['ours', of('ours')], ...peers]), () => undefined),
    ...compare(`${seen}, 300,000 records`, new Map([['ours', of(many)], ...peers]), (peer) => targets[peer]),
    { what: `${seen}, growth`, unit: '/s', ours: of(many), peer: '1,000 records', theirs: of(few), target: 0.67 },
  ]
}

function compare(
  what: string,
  speeds: ReadonlyMap<string, number>,
  target: (peer: string) => number | undefined,
): Finding[] {
  const own = speeds.get('ours') ?? Number.NaN
  return [...speeds]
    .filter(([name]) => name !== 'ours')
    .map(([peer, theirs]) => ({ what, unit: '/s', ours: own, peer, theirs, target: target(peer) }))
}
