import type { StoredKey } from '@counterfoil/core'
import type { KeyId } from '@counterfoil/protocol'
import { expect, test } from 'vitest'
import { tableOf } from './keys.ts'

const NOW = Date.UTC(2026, 0, 10)

function key(id: string, activeAt: number, purpose: StoredKey['purpose'] = 'jwt'): StoredKey {
  const sealed = Buffer.from('sealed-private-part')
  const algorithm = purpose === 'jwt' ? 'EdDSA' : 'HS256'
  return { id: id as KeyId, purpose, algorithm, number: 0, publicJwk: '{}', sealed, createdAt: 0, activeAt }
}

test('each key is shown with what it is doing, and none of its private part', () => {
  const keys = [
    key('old', NOW - 2000),
    key('present', NOW),
    key('coming', NOW + 1000),
    key('other', NOW - 5000, 'opaque'),
  ]
  const table = tableOf(keys, NOW)
  const lineOf = (id: string): string => table.split('\n').find((line) => line.includes(` ${id} `)) ?? ''
  expect(lineOf('old')).toContain('retired: verifies only')
  expect(lineOf('present')).toContain(' signs ')
  expect(lineOf('present')).toContain('2026-01-10T00:00:00Z')
  expect(lineOf('coming')).toContain('next: published, signs later')
  expect(lineOf('other')).toContain(' signs ')
  expect(table).not.toContain('sealed')
})
