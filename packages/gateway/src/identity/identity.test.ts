import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createVerifier } from '@counterfoil/verifier'
import { describe, expect, it } from 'vitest'
import { sampleIdentity } from '../edge.fixture.ts'
import { mayChange } from './cross-site.ts'
import { readCredential } from './credential.ts'
import { generateGatewayKey, readGatewayKeys } from './gateway-keys.ts'
import { identityHeaders } from './identity-headers.ts'
import { UpstreamTokens } from './upstream-tokens.ts'

describe('the credential of a request', () => {
  const cookie = '__Host-session=cfs_a'
  it.each([
    ['a bearer', ['bearer  t '], [], { carrier: 'header', scheme: 'Bearer', text: 't' }],
    ['one that is bound to a key', ['dpop t'], [cookie], { carrier: 'header', scheme: 'DPoP', text: 't' }],
    ['a cookie', [], [`x=1; ${cookie}`], { carrier: 'cookie', scheme: 'Bearer', text: 'cfs_a' }],
    ['the header where both are there', ['Bearer t'], [cookie], { carrier: 'header', scheme: 'Bearer', text: 't' }],
    [
      'the cookie besides another scheme',
      ['Basic x'],
      [cookie],
      { carrier: 'cookie', scheme: 'Bearer', text: 'cfs_a' },
    ],
    ['none', [], ['x=1'], undefined],
    ['ambiguous with two headers', ['Bearer a', 'Bearer b'], [], 'ambiguous'],
    ['ambiguous with two cookies', [], [`${cookie}; ${cookie}`], 'ambiguous'],
    ['ambiguous with two cookies in two headers', ['Bearer t'], [cookie, cookie], 'ambiguous'],
  ])('is %s', (_, authorization, cookies, expected) => {
    expect(readCredential(authorization, cookies)).toEqual(expected)
  })
})

it.each([
  ['same-origin', undefined, true],
  ['none', undefined, true],
  ['same-site', undefined, false],
  ['cross-site', 'https://evil.example', false],
  ['cross-site', 'https://app.example.com', true],
  [undefined, undefined, true],
  [undefined, 'https://evil.example', false],
  [undefined, 'https://app.example.com', true],
  [undefined, 'null', false],
])('V3.5.1 a page that is %s with the origin %s may change something with a cookie: %s', (site, origin, expected) => {
  expect(mayChange({ site, origin }, new Set(['https://app.example.com']))).toBe(expected)
})

it('roles and ids go on in a form that no header can be broken with', () => {
  const identity = sampleIdentity({ roles: ['a,b', 'é\r\n', 'ok'] })
  expect(identityHeaders(identity)).toContain('a%2Cb,%C3%A9%0D%0A,ok')
})

describe('a token for a service', () => {
  async function open(now = () => 1_700_000_000_000) {
    const keys = await readGatewayKeys([generateGatewayKey(), generateGatewayKey()])
    const settings = { issuer: 'http://localhost:8080/.counterfoil', key: keys.signer, seconds: 60, now }
    return { keys, tokens: new UpstreamTokens({ ...settings, random: (bytes) => randomBytes(bytes) }) }
  }

  it('is for that service alone, short, of the same session, and any verifier takes it', async () => {
    const { keys, tokens } = await open()
    const text = tokens.mint(sampleIdentity(), 'https://orders.internal')
    const verifier = (audience: string) =>
      createVerifier({
        issuer: 'http://localhost:8080/.counterfoil',
        audience,
        jwks: { keys: [...keys.jwks.keys] as never },
        clock: { now: () => 1_700_000_030_000 },
      })
    const decision = await verifier('https://orders.internal').verify(text)
    expect(decision).toMatchObject({
      outcome: 'accepted',
      identity: { accountId: 'account', sessionId: 'session', roles: ['support'], accountGeneration: 3 },
    })
    if (decision.outcome !== 'accepted') return
    expect(decision.identity.expiresAt).toBe(1_700_000_060_000)
    expect(await verifier('https://other.internal').verify(text)).toMatchObject({ reason: 'wrong-audience' })
  })

  it('is the same for as long as it is fresh, another for each service, and never outlives the credential', async () => {
    let now = 1_700_000_000_000
    const { tokens } = await open(() => now)
    const identity = sampleIdentity({ expiresAt: now + 50_000 })
    const first = tokens.mint(identity, 'a')
    expect(tokens.mint(identity, 'a')).toBe(first)
    expect(tokens.mint(identity, 'b')).not.toBe(first)
    expect(tokens.mint({ ...identity }, 'a')).not.toBe(first)
    expect(claimsOf(first)).toMatchObject({ exp: 1_700_000_050, iat: 1_700_000_000, aud: 'a' })
    now += 38_000
    expect(tokens.mint(identity, 'a')).not.toBe(first)
  })

  it('is signed by the first key, and all are published without their private parts', async () => {
    const { keys, tokens } = await open()
    const header = JSON.parse(
      Buffer.from(tokens.mint(sampleIdentity(), 'a').split('.')[0] ?? '', 'base64url').toString(),
    ) as object
    expect(header).toMatchObject({ kid: keys.jwks.keys[0]?.kid, alg: 'EdDSA', typ: 'at+jwt' })
    expect(keys.jwks.keys).toHaveLength(2)
    for (const key of keys.jwks.keys) expect(key).not.toHaveProperty('d')
  })

  it('needs a key for Ed25519', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    await expect(readGatewayKeys([])).rejects.toThrow('a key')
    await expect(readGatewayKeys([rsa.toString()])).rejects.toThrow('key 1 must be a private key for Ed25519')
    await expect(readGatewayKeys([generateGatewayKey(), 'nonsense'])).rejects.toThrow('key 2')
  })
})

function claimsOf(token: string): object {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object
}
