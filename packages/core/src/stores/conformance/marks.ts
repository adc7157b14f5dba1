import assert from 'node:assert/strict'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import { race } from './sample.ts'

/** What other stores have the database remember for them. */
export const markCases: readonly ConformanceCase[] = [
  holdTo('a mark that nobody kept is not there', async ({ database }) => {
    assert.equal(await database.readMark('redis'), undefined)
  }),
  holdTo('a mark is what was kept last under its name, to the letter', async ({ database }) => {
    await database.keepMark('redis', 'one')
    await database.keepMark('other', '{"é":"\u{1F510}\\u0000"}')
    await database.keepMark('redis', '')
    assert.equal(await database.readMark('redis'), '')
    assert.equal(await database.readMark('other'), '{"é":"\u{1F510}\\u0000"}')
  }),
  holdTo('of marks that race one stays, whole', async ({ database }) => {
    await race(20, (racer) => database.keepMark('redis', `value ${String(racer)}`.repeat(100)))
    assert.match((await database.readMark('redis')) ?? '', /^(value \d+)\1{99}$/)
  }),
  holdToAcrossRestart(
    'marks are the same after a restart',
    ({ database }) => database.keepMark('redis', 'kept'),
    async ({ database }) => assert.equal(await database.readMark('redis'), 'kept'),
  ),
]
