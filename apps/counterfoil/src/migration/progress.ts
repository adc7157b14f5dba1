import { SECTION_TITLES, type SectionName } from './sections.ts'

/** Tells how far a migration has come. */
export interface Progress {
  /** Something that people want to know before it begins. */
  tell(line: string): void
  begin(phase: 'copying' | 'comparing', section: SectionName): void
  /** So many more rows of the section. */
  add(rows: number): void
  end(): void
}

/** Where progress is written, and by which clock; milliseconds. */
export interface ProgressParts {
  readonly write: (text: string) => void
  /** Whether the last line can be written over. */
  readonly isTerminal: boolean
  readonly monotonic: () => number
}

const TERMINAL_EVERY_MS = 100
const LINE_EVERY_MS = 10_000

/** One line that changes on a terminal; anywhere else a line each ten seconds, and one for each section. */
export function createProgress({ write, isTerminal, monotonic }: ProgressParts): Progress {
  let now: { readonly title: string; readonly since: number; rows: number; toldAt: number } | undefined
  const show = (isLast: boolean): void => {
    if (now === undefined) return
    now.toldAt = monotonic()
    const line = `${now.title}: ${showCount(now.rows)}${showRate(now.rows, now.toldAt - now.since)}`
    write(isTerminal ? `\r\u001B[K${line}${isLast ? '\n' : ''}` : `${line}${isLast ? '' : ' so far'}\n`)
  }
  return {
    tell: (line) => write(`${line}\n`),
    begin(phase, section) {
      const at = monotonic()
      now = { title: `${phase} ${SECTION_TITLES[section]}`, since: at, rows: 0, toldAt: at }
      if (isTerminal) show(false)
    },
    add(rows) {
      if (now === undefined) return
      now.rows += rows
      if (monotonic() - now.toldAt >= (isTerminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS)) show(false)
    },
    end() {
      show(true)
      now = undefined
    },
  }
}

/** A number as people read it. */
export function showCount(count: number): string {
  return count.toLocaleString('en-US')
}

function showRate(rows: number, ms: number): string {
  return ms < 1000 ? '' : `, ${showCount(Math.round((rows / ms) * 1000))} a second`
}
