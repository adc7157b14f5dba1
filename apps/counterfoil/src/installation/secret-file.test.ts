import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeSecretFile, readSecretFile } from './secret-file.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-secret-'))
  path = join(folder, 'secret')
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('a new file holds 32 random bytes as text, for its owner only, and nothing is left beside it', () => {
  const secret = makeSecretFile(path)
  expect(Buffer.from(new TextDecoder().decode(secret), 'base64url')).toHaveLength(32)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['secret'])
})

test('what was made is what is read', () => {
  const secret = makeSecretFile(path)
  expect(readSecretFile(path)).toEqual(secret)
  expect(new TextEncoder().encode(readFileSync(path, 'utf8').trim())).toEqual(secret)
})

test('a file that is there already stays, and its secret is answered', () => {
  const first = makeSecretFile(path)
  expect(makeSecretFile(path)).toEqual(first)
  expect(readdirSync(folder)).toEqual(['secret'])
})

test('where there is no file there is no secret', () => {
  expect(readSecretFile(path)).toBeUndefined()
})

test.skipIf(process.platform === 'win32')('a file that others may read is refused, with what to do about it', () => {
  makeSecretFile(path)
  chmodSync(path, 0o640)
  expect(() => readSecretFile(path)).toThrow(`${path} may be read by others (its mode is 0640): run chmod 600 ${path}`)
})

test('a file that is too short is refused, and not repeated', () => {
  writeFileSync(path, 'hunter2', { mode: 0o600 })
  expect(() => readSecretFile(path)).toThrow(/^(?!.*hunter2).* holds no secret of at least 32 bytes/)
})

test('a folder in its place is refused', () => {
  expect(() => readSecretFile(folder)).toThrow(/(may be read by others|cannot be read \(EISDIR\))/)
})
