import { createRequire } from 'node:module'
import type * as words from '@zxcvbn-ts/language-common'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPolicy } from '../policy.ts'
import { judgePassword } from './password-rules.ts'

const policy = createPolicy()
const ada = {
  email: 'Ada.Lovelace@Example.com',
  name: 'Ada Lovelace',
  issuer: 'https://auth.shopkeeper.example:8443/a',
}

const judge = (password: string, context = ada, under = policy) => judgePassword(password, context, under)?.detail

describe('a password', () => {
  test('V6.2.1 has at least eight characters', () => {
    expect(judge('xq7-kfw')).toContain('at least 8')
    expect(judge('xq7-kfwz')).toBeUndefined()
    expect(judge('')).toContain('at least 8')
  })

  test('V6.2.1 is measured in characters, not in UTF-16 units or bytes', () => {
    expect(judge('🦊🐢🦉🐙🦀🐝🐌')).toContain('at least 8')
    expect(judge('🦊🐢🦉🐙🦀🐝🐌🐞')).toBeUndefined()
    expect(judge('🦊'.repeat(256))).toBeUndefined()
    expect(judge('🦊'.repeat(257))).toContain('at most 256')
  })

  test('V6.2.1 is as long as the policy of the installation wants', () => {
    const strict = createPolicy({ passwordMinLength: 15, passwordMaxLength: 64 })
    expect(judge('xq7-kfwz-abcde', ada, strict)).toContain('at least 15')
    expect(judge('xq7-kfwz-abcdef', ada, strict)).toBeUndefined()
    expect(judge('xq7-'.repeat(16), ada, strict)).toBeUndefined()
    expect(judge('xq7-'.repeat(17), ada, strict)).toContain('at most 64')
  })

  test('V6.2.9 may have 64 characters and more, up to 256', () => {
    expect([64, 65, 73, 256].filter((length) => judge('xq7-'.repeat(64).slice(0, length)) !== undefined)).toEqual([])
    expect(judge(`${'xq7-'.repeat(64)}x`)).toContain('at most 256')
  })

  test('V6.2.5 needs no mixture of kinds of characters', () => {
    expect(
      ['kwvhtbqz', 'KWVHTBQZ', '83041759', '가나다라마바사아', '        .', '!?!??!?!', 'zwei blaue enten'].filter(
        (each) => judge(each) !== undefined,
      ),
    ).toEqual([])
  })

  test('V6.2.4 is none of the common ones, whatever the case and form of its letters', () => {
    expect(
      ['password', 'PassWord', '12345678', '1q2w3e4r5t', 'ILOVEYOU', 'ｐａｓｓｗｏｒｄ'].filter(
        (each) => judge(each)?.includes('many people') !== true,
      ),
    ).toEqual([])
    expect(judge('password but longer')).toBeUndefined()
  })

  test('V6.2.4 is held against all of the listed ones that the policy allows: more than 3,000', () => {
    const { dictionary } = createRequire(import.meta.url)('@zxcvbn-ts/language-common') as typeof words
    const listed = dictionary['passwords-common'].filter((word) => word.length >= 8)
    expect(listed.length).toBeGreaterThan(3_000)
    expect(listed.filter((each) => judge(each) === undefined)).toEqual([])
  })

  test('is neither the email address, nor its local part, nor the name, whatever their case and form', () => {
    expect(
      ['ada.lovelace@example.com', 'ADA.LOVELACE', 'ada lovelace', 'Ada Lovelace'].filter(
        (each) => judge(each)?.includes('email address or your name') !== true,
      ),
    ).toEqual([])
    const jose = { ...ada, name: ' Jos\u00e9 Gonz\u00e1lez ' }
    expect(judge('jose\u0301 gonza\u0301lez', jose)).toContain('email address or your name')
    expect(judge('ada.lovelace and charles')).toBeUndefined()
    expect(judge('lovelace', { email: 'no address', issuer: ada.issuer, name: 'Ada' })).not.toContain('email')
  })

  test('V6.2.11 is more than a word of the service with digits and signs around it', () => {
    expect(
      [
        'counterfoil',
        'Counterfoil2026!',
        '123counterfoil',
        '..ShopKeeper..',
        'auth12345',
        'auth.shopkeeper.example',
      ].filter((each) => judge(each)?.includes('name of this service') !== true),
    ).toEqual([])
    expect(['counterfoil is fine', 'shopkeepers', 'com93041758'].filter((each) => judge(each) !== undefined)).toEqual(
      [],
    )
  })

  test("V6.2.11 is held against the issuer's host as people read it", () => {
    const korean = { ...ada, issuer: 'https://계정.쇼핑.example' }
    expect(judge('쇼핑20261123', korean)).toContain('name of this service')
    expect(judge('쇼핑20261123')).toBeUndefined()
    expect(judge('93041758', { ...ada, issuer: 'http://127.0.0.1:3000' })).toBeUndefined()
    expect(judge('localhost1', { ...ada, issuer: 'http://localhost:3000' })).toContain('name of this service')
  })

  test('holds no half of a character', () => {
    expect(judge('xq7-kfwz\ud800')).toContain('surrogate')
    expect(judge('\udc00xq7-kfwz')).toContain('surrogate')
  })

  test('is judged, whatever it is, and never repeated', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
      fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', '\0') }),
    )
    fc.assert(
      fc.property(text, (password) => {
        const detail = judge(password)
        if (!password.isWellFormed()) expect(detail).toBeDefined()
        if (detail !== undefined && password.length > 8) expect(detail).not.toContain(password)
      }),
    )
    for (const password of ['password', 'counterfoil1', 'ada.lovelace']) expect(judge(password)).not.toContain(password)
  })

  test('of the largest size that a request can have is judged in a moment', () => {
    const startedAt = performance.now()
    for (const each of ['1', 'a', '🦊', '\u0301']) judge(each.repeat(65_536))
    judge(`${'1'.repeat(255)}a`)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})
