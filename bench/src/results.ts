import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeMarkdown, type SuiteResult } from './finding.ts'

const PATH = join(import.meta.dirname, '../RESULTS.md')

/** Rows of tables end with the verdict. */
const MET = /\|\s*yes\s*\|$/gm
const MISSED = /\|\s*no, [^|]*\|$/gm

/** Writes the results of a whole run. */
export function writeResults(results: readonly SuiteResult[], machine: string): void {
  write(new Map(results.map((result) => [result.title, writeMarkdown(result)])), machine)
}

/** Puts the result of one suite in its place among those of other runs, or behind them. */
export function replaceResult(result: SuiteResult, machine: string): void {
  const sections = existsSync(PATH) ? sectionsOf(readFileSync(PATH, 'utf8')) : new Map<string, string>()
  const remarks = [...result.remarks, `Run by itself on ${today()}.`]
  write(new Map([...sections, [result.title, writeMarkdown({ ...result, remarks })]]), machine)
}

function sectionsOf(text: string): Map<string, string> {
  const parts = text.split(/^## /m).slice(1)
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), `## ${part.trimEnd()}\n`]))
}

function write(sections: ReadonlyMap<string, string>, machine: string): void {
  const body = [...sections.values()].join('\n')
  const met = body.match(MET)?.length ?? 0
  const missed = body.match(MISSED)?.length ?? 0
  const head = [
    '# Results',
    '',
    `Written by \`npm run bench\` on ${today()}. ${machine}.`,
    '',
    `${met} of ${met + missed} targets met. Ratios say how many times better than the peer, in one interleaved run; the machine is shared, so under 1.3× nothing is distinguished.`,
    '',
  ]
  writeFileSync(PATH, `${head.join('\n')}\n${body}`)
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
