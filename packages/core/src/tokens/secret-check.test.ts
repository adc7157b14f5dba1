import { expect, test } from 'vitest'
import { systemRandom } from '../random.ts'
import { makeJwtKey, makeOpaqueKey } from './making-keys.ts'
import { createSealing } from './sealing.ts'
import { opensKeys } from './secret-check.ts'

const secret = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)
const turn = { createdAt: 1, activeAt: 1 }

test('a secret opens what was sealed under it, and nothing else', async () => {
  const [sealing, foreign] = [createSealing(secret, systemRandom), createSealing(other, systemRandom)]
  const keys = [await makeJwtKey('EdDSA', sealing, turn), makeOpaqueKey(0, sealing, systemRandom, turn)]
  expect(opensKeys(secret, keys)).toBe(true)
  expect(opensKeys(other, keys)).toBe(false)
  expect(opensKeys(secret, [...keys, makeOpaqueKey(1, foreign, systemRandom, turn)])).toBe(false)
  expect(opensKeys(secret, [])).toBe(true)
})
