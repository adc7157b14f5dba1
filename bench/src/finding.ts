import Table from 'cli-table3'

/** One comparison: our figure beside a peer's, and what was aimed at. */
export interface Finding {
  readonly what: string
  readonly unit: string
  readonly ours: number
  readonly peer: string
  readonly theirs: number
  /** Where the target comes from: how many times better than the peer, at least. Absent: for information. */
  readonly target?: number | undefined
  /** Whether a smaller figure is the better one. */
  readonly lowerIsBetter?: boolean | undefined
}

/** What a suite found, and what it left out and why. */
export interface SuiteResult {
  readonly title: string
  readonly findings: readonly Finding[]
  readonly remarks: readonly string[]
}

/** How many times better than the peer. */
function ratioOf({ ours, theirs, lowerIsBetter }: Finding): number {
  return lowerIsBetter === true ? theirs / ours : ours / theirs
}

/** Whether the target was met; undefined where there is none. */
export function isMet(finding: Finding): boolean | undefined {
  return finding.target === undefined ? undefined : ratioOf(finding) >= finding.target
}

const HEAD = ['what', 'ours', 'peer', 'theirs', 'ratio', 'target', 'met'] as const

function cellsOf(finding: Finding): string[] {
  const { what, unit, ours, peer, theirs, target } = finding
  const met = isMet(finding)
  const verdict = met === undefined ? '' : met ? 'yes' : `no, ${missOf(finding)}`
  const aim = target === undefined ? '' : `≥ ${target}×`
  return [
    what,
    `${shown(ours)} ${unit}`,
    peer,
    `${shown(theirs)} ${unit}`,
    `${ratioOf(finding).toFixed(2)}×`,
    aim,
    verdict,
  ]
}

/** By how much a target was missed. */
function missOf(finding: Finding): string {
  const share = ratioOf(finding) / (finding.target ?? 1)
  return `${Math.round((1 - share) * 100)} % short`
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

/** The findings of a suite for a terminal. */
export function drawTable({ title, findings, remarks }: SuiteResult): string {
  const table = new Table({ head: [...HEAD], style: { head: [], border: [] } })
  table.push(...findings.map(cellsOf))
  return [`\n${title}`, table.toString(), ...remarks].join('\n')
}

/** The same for a document. */
export function writeMarkdown({ title, findings, remarks }: SuiteResult): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rows = findings.map((finding) => line(cellsOf(finding)))
  return [
    `## ${title}`,
    '',
    line(HEAD),
    line(HEAD.map(() => '---')),
    ...rows,
    '',
    ...remarks.map((remark) => `- ${remark}`),
    '',
  ].join('\n')
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
