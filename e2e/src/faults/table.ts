import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from './run.ts'

const HEAD = [
  'profile',
  'fault',
  'requests',
  '503',
  'no answer',
  'longest outage',
  'lost sign-ins',
  'lost endings',
  'lost changes of accounts',
  'lost rotations, healed',
  'violations',
]

const DOCUMENT = join(import.meta.dirname, '../../../docs/operations/stores.md')
const [BEGIN, END] = ['<!-- measured -->', '<!-- end -->']

/** The head of the table, as it is printed before there are lines. */
export function headLine(): string {
  return line(HEAD)
}

/** One line of the table. */
export function lineOf(outcome: Outcome): string {
  return line(cellsOf(outcome))
}

function cellsOf(outcome: Outcome): string[] {
  const { scenario, calls, couldNotTell, unanswered, longestOutageMs } = outcome
  const { lostSessions, lostEndings, lostChanges, healed, violations } = outcome
  const counts = [calls.length, couldNotTell, unanswered].map(String)
  const outage = `${(longestOutageMs / 1000).toFixed(1)} s`
  const losses = [lostSessions, lostEndings, lostChanges, healed, violations.length].map(String)
  return [scenario.profile, scenario.name, ...counts, outage, ...losses]
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** The whole table, its columns as wide as what is in them. */
function tableOf(outcomes: readonly Outcome[]): string {
  const rows = [HEAD, ...outcomes.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)))
  const padded = rows.map((cells) => line(cells.map((cell, column) => cell.padEnd(widths[column] ?? 0))))
  return [padded[0], line(widths.map((width) => '-'.repeat(width))), ...padded.slice(1)].join('\n')
}

/** Puts the outcomes into the document, in the place of those that are there. */
export function writeTable(outcomes: readonly Outcome[]): void {
  const [before = '', rest = ''] = readFileSync(DOCUMENT, 'utf8').split(BEGIN)
  const after = rest.split(END)[1] ?? ''
  writeFileSync(DOCUMENT, [before, BEGIN, '\n\n', tableOf(outcomes), '\n\n', END, after].join(''))
}
