import { hash as hashWith } from '@node-rs/argon2'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPolicy, type Policy } from '../policy.ts'
import { createPasswords, type Passwords } from './passwords.ts'

const LEAST = { passwordMemoryKib: 7_168, passwordPasses: 1 }

function open(settings: Partial<Policy> = {}): Passwords {
  return createPasswords(createPolicy({ ...LEAST, ...settings }))
}

async function hashed(passwords: Passwords, password: string): Promise<string> {
  const hash = await passwords.hash(password)
  if (hash === 'busy') throw new Error('nobody else hashes here')
  return hash
}

/**
 * The least CPU time of this process, in µs, that checking a wrong password against each of these took. In turns, and the least
 * of several: what else the machine does can only add to it.
 */
async function leastWork(passwords: Passwords, hashes: readonly (string | undefined)[]): Promise<number[]> {
  const least = hashes.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < 15; round++) {
    for (const [index, hash] of hashes.entries()) {
      const before = process.cpuUsage()
      expect(await passwords.verify(hash, 'wrong horse')).toBe('mismatch')
      const { user, system } = process.cpuUsage(before)
      least[index] = Math.min(least[index] ?? 0, user + system)
    }
  }
  return least
}

/** How far apart they are: 1 when they all took the same. */
function spread(work: readonly number[]): number {
  return Math.max(...work) / Math.min(...work)
}

describe('passwords', () => {
  test("V11.4.2 are hashed with Argon2id under the policy's parameters, and with a salt each", async () => {
    const passwords = open({ passwordMemoryKib: 8_000, passwordPasses: 2 })
    const [one, other] = [await hashed(passwords, 'correct horse'), await hashed(passwords, 'correct horse')]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=8000,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(other).not.toBe(one)
    expect(await passwords.verify(one, 'correct horse')).toBe('match')
    expect(await passwords.verify(other, 'correct horse')).toBe('match')
  })

  test('V11.4.2 have defaults of at least 19 MiB and two passes', async () => {
    expect(await createPasswords(createPolicy()).hash('correct horse')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  test('V11.4.2 are to be hashed again when memory, passes, version or variant are below the policy, and not else', async () => {
    const passwords = open({ passwordMemoryKib: 8_000, passwordPasses: 2 })
    const of = (more: object) => hashWith('x', { memoryCost: 8_000, timeCost: 2, parallelism: 1, ...more })
    expect(passwords.needsRehash(await of({}))).toBe(false)
    expect(passwords.needsRehash(await of({ memoryCost: 9_000, timeCost: 3, parallelism: 2 }))).toBe(false)
    expect(passwords.needsRehash(await of({ memoryCost: 7_999 }))).toBe(true)
    expect(passwords.needsRehash(await of({ memoryCost: 16_000, timeCost: 1 }))).toBe(true)
    expect(passwords.needsRehash((await of({})).replace('v=19', 'v=16'))).toBe(true)
    expect(passwords.needsRehash((await of({})).replace('argon2id', 'argon2d'))).toBe(true)
    expect(passwords.needsRehash('not a hash')).toBe(true)
  })

  test('V11.4.2 of a lesser hash still match, until it is replaced', async () => {
    const strong = open({ passwordMemoryKib: 8_000, passwordPasses: 3 })
    const weak = await hashed(open(), 'correct horse')
    expect(await strong.verify(weak, 'correct horse')).toBe('match')
    expect(await strong.verify(weak, 'correct mouse')).toBe('mismatch')
  })

  test('V6.2.8 are compared to the last byte: nothing is cut at 72 bytes or at a NUL', async () => {
    const passwords = open()
    for (const start of ['x'.repeat(72), '가'.repeat(24), `${'x'.repeat(8)}\0`, 'x'.repeat(255)]) {
      const hash = await hashed(passwords, `${start}1`)
      expect(await passwords.verify(hash, `${start}1`)).toBe('match')
      expect(await passwords.verify(hash, `${start}2`)).toBe('mismatch')
      expect(await passwords.verify(hash, start)).toBe('mismatch')
    }
  })

  test('V6.2.8 are compared as received: case, white space and Unicode forms count', async () => {
    const passwords = open()
    const hash = await hashed(passwords, 'Caf\u00e9 at noon')
    expect(await passwords.verify(hash, 'Caf\u00e9 at noon')).toBe('match')
    for (const other of ['caf\u00e9 at noon', 'Cafe\u0301 at noon', 'Caf\u00e9 at noon ', ' Caf\u00e9 at noon'])
      expect(await passwords.verify(hash, other)).toBe('mismatch')
  })

  test('match themselves and nothing else, whatever they are', async () => {
    const passwords = open()
    const character = fc.nat(0x10ffff).filter((point) => point < 0xd800 || point > 0xdfff)
    const unit = character.map((point) => String.fromCodePoint(point))
    const text = fc.string({ unit, minLength: 1, maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(text, text, async (password, other) => {
        const hash = await hashed(passwords, password)
        expect(await passwords.verify(hash, password)).toBe('match')
        expect(await passwords.verify(hash, other)).toBe(other === password ? 'match' : 'mismatch')
      }),
      { numRuns: 40 },
    )
  })

  test('with an unpaired surrogate never match, and are not hashed', async () => {
    const passwords = open()
    const hash = await hashed(passwords, 'correct horse \ufffd')
    expect(await passwords.verify(hash, 'correct horse \ud800')).toBe('mismatch')
    await expect(passwords.hash('correct horse \ud800')).rejects.toBeInstanceOf(TypeError)
  })

  test('V6.3.8 of nobody and of malformed hashes mismatch, and take as much work as any', async () => {
    const passwords = open({ passwordMemoryKib: 16_000, passwordPasses: 3 })
    const hash = await hashed(passwords, 'correct horse')
    const others = [undefined, '', 'not a hash', hash.slice(0, -2), hash.replace('m=16000', 'm=4294967295')]
    for (const stored of others) expect(await passwords.verify(stored, 'correct horse')).toBe('mismatch')
    expect(spread(await leastWork(passwords, [hash, ...others]))).toBeLessThan(1.8)
  })

  test('V6.3.8 of accounts that have not signed in since the parameters rose take as much work as any', async () => {
    const passwords = open({ passwordMemoryKib: 16_000, passwordPasses: 3 })
    const [old, current] = [await hashed(open(), 'correct horse'), await hashed(passwords, 'correct horse')]
    expect(spread(await leastWork(passwords, [old, current, undefined]))).toBeLessThan(1.8)
  })

  test('past the queue are answered busy at once, and those in it are all checked', async () => {
    const passwords = open({ passwordConcurrency: 2, passwordQueueLength: 3 })
    const hash = await hashed(passwords, 'correct horse')
    const verdicts = Array.from({ length: 10 }, () => passwords.verify(hash, 'correct horse'))
    expect([passwords.running, passwords.waiting]).toEqual([2, 3])
    expect(await passwords.hash('another horse')).toBe('busy')
    const counts = Map.groupBy(await Promise.all(verdicts), (verdict) => verdict)
    expect([counts.get('match')?.length, counts.get('busy')?.length, counts.size]).toEqual([5, 5, 2])
    expect([passwords.running, passwords.waiting]).toEqual([0, 0])
    expect(await passwords.verify(hash, 'correct horse')).toBe('match')
  })

  test('are hashed off the event loop', async () => {
    const passwords = open({ passwordMemoryKib: 65_536, passwordPasses: 3 })
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    await passwords.hash('correct horse')
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(5)
  })
})
