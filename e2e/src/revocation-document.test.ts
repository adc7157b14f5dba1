import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(ROOT, 'docs/revocation.md'), 'utf8')
const ROWS = PAGE.split('\n').flatMap((line) => {
  const [, clause = '', file = '', title = ''] = line.split('|').map((cell) => cell.trim())
  const [, path] = /^`(.+\.ts)`$/.exec(file) ?? []
  return path === undefined ? [] : [{ clause, path, title }]
})

describe('docs/revocation.md', () => {
  test('names tests', () => {
    expect(ROWS.length).toBeGreaterThan(15)
    for (const promise of ['G1', 'G2', 'G3', 'G4'])
      expect(ROWS.some(({ clause }) => clause.includes(promise))).toBe(true)
  })

  test.each(ROWS)('"$clause" is held by a test that is there', ({ path, title }) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toContain(title.replaceAll("'", String.raw`\'`))
  })
})
