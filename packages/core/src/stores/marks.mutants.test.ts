import { describe, expect, it } from 'vitest'
import { markCases } from './conformance/marks.ts'
import { brokenDatabase, caseNamed, pause, tryCase, type Mutant } from './mutant.fixture.ts'

const mutants: readonly Mutant[] = [
  brokenDatabase('a mark that is empty before it is kept', 'a mark that nobody kept is not there', (database) => ({
    readMark: async (name) => (await database.readMark(name)) ?? '',
  })),
  brokenDatabase('a mark for all names', 'a mark is what was kept last under its name, to the letter', (database) => ({
    readMark: () => database.readMark('any'),
    keepMark: (_, value) => database.keepMark('any', value),
  })),
  brokenDatabase(
    'the mark that was kept first',
    'a mark is what was kept last under its name, to the letter',
    (database) => ({
      async keepMark(name, value) {
        if ((await database.readMark(name)) === undefined) await database.keepMark(name, value)
      },
    }),
  ),
  brokenDatabase(
    'an empty mark that counts as none',
    'a mark is what was kept last under its name, to the letter',
    (database) => ({
      async readMark(name) {
        const value = await database.readMark(name)
        return value === '' ? undefined : value
      },
    }),
  ),
  brokenDatabase('a mark in seven bits', 'a mark is what was kept last under its name, to the letter', (database) => ({
    keepMark: (name, value) => database.keepMark(name, value.replaceAll(/[^\0-\x7f]/gu, '?')),
  })),
  brokenDatabase('a mark that is written in two halves', 'of marks that race one stays, whole', (database) => ({
    async keepMark(name, value) {
      const middle = value.length / 2
      const half = async (at: number): Promise<string> => (await database.readMark(name))?.slice(at) ?? ''
      await database.keepMark(name, value.slice(0, middle) + (await half(middle)))
      await pause()
      const kept = (await database.readMark(name)) ?? ''
      await database.keepMark(name, kept.slice(0, middle) + value.slice(middle))
    },
  })),
  {
    fault: 'a mark that is gone after a restart',
    breaks: 'marks are the same after a restart',
    mutate: () => ({}),
    restart: (stores) => ({ ...stores, database: { ...stores.database, readMark: async () => undefined } }),
  },
]

describe('the suite of marks', () => {
  it.for(mutants)('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, markCases), mutant)).toBeDefined()
  })
})
