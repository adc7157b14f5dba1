import { readFile } from 'node:fs/promises'
import { ERRORS } from '@counterfoil/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { OAUTH_ERRORS } from './wire/oauth.ts'

/** The rows of all tables of the document: their cells. */
let rows: readonly (readonly string[])[]
beforeAll(async () => {
  const text = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line.startsWith('| `'))
  rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
})

describe('the texts of errors', () => {
  it('RFC 6750 3 can stand in a header, and RFC 6749 5.2 in a description', () => {
    for (const [, text] of Object.values(ERRORS)) expect(text).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })
})

describe('docs/errors.md', () => {
  it('has every code of the table with its status and its text, in the same order, and no other', () => {
    const documented = rows.filter((cells) => cells.length === 4).map((cells) => cells.slice(0, 3))
    expect(documented).toEqual(
      Object.entries(ERRORS).map(([code, [status, text]]) => [`\`${code}\``, String(status), text]),
    )
  })

  it('says of every code what to do about it', () => {
    for (const [code, , , advice] of rows.filter((cells) => cells.length === 4))
      expect([code, advice]).not.toEqual([code, ''])
  })

  it('has every error of the OAuth endpoints, and no other', () => {
    const documented = rows.filter((cells) => cells.length === 3).map(([code]) => code)
    expect(documented.toSorted()).toEqual(OAUTH_ERRORS.map((code) => `\`${code}\``).toSorted())
  })
})
