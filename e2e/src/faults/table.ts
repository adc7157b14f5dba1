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

/** The first two lines of the table. */
export function headLines(): string[] {
  return [line(HEAD), line(HEAD.map(() => '---'))]
}

/** One line of the table. */
export function lineOf(outcome: Outcome): string {
  const { scenario, calls, couldNotTell, unanswered, longestOutageMs } = outcome
  const { lostSessions, lostEndings, lostChanges, healed, violations } = outcome
  const counts = [calls.length, couldNotTell, unanswered].map(String)
  const outage = `${(longestOutageMs / 1000).toFixed(1)} s`
  const losses = [lostSessions, lostEndings, lostChanges, healed, violations.length].map(String)
  return line([scenario.profile, scenario.name, ...counts, outage, ...losses])
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** Puts the lines into the document, in the place of those that are there. */
export function writeTable(lines: readonly string[]): void {
  const [before = '', rest = ''] = readFileSync(DOCUMENT, 'utf8').split(BEGIN)
  const after = rest.split(END)[1] ?? ''
  writeFileSync(DOCUMENT, [before, BEGIN, '\n\n', lines.join('\n'), '\n\n', END, after].join(''))
}
