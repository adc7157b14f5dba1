/** Upper ends of the bars, in milliseconds. */
const STEPS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000, Infinity]
const LONGEST_BAR = 40

/** Milliseconds from the return of a revocation to the first rejection as bars of text; from the first bar that is not empty to the last. */
export function drawHistogram(title: string, values: readonly number[]): string {
  if (values.length === 0) return `${title}: no rejection was measured`
  const counts = STEPS.map(
    (end, at) => values.filter((value) => value <= end && value > (STEPS[at - 1] ?? -Infinity)).length,
  )
  const most = Math.max(...counts)
  const first = counts.findIndex((count) => count > 0)
  const last = counts.findLastIndex((count) => count > 0)
  const bars = counts
    .slice(first, last + 1)
    .map((count, at) => `  ${nameOf(first + at)}  ${barOf(count, most)} ${count}`)
  return [`${title}: ${summarise(values)}`, ...bars].join('\n')
}

/** How many there are, and what half, 99 in 100 and all of them stay within. */
function summarise(values: readonly number[]): string {
  const [half, nearly, all] = [0.5, 0.99, 1].map((share) => `${quantile(values, share).toFixed(1)} ms`)
  return `${values.length} rejections, p50 ${half}, p99 ${nearly}, max ${all}`
}

/** The smallest value that this share of the values stays within. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

function nameOf(at: number): string {
  const end = STEPS[at] ?? Infinity
  if (end === 0) return 'before the return'
  const text = end === Infinity ? `> ${STEPS[at - 1] ?? 0} ms` : `≤ ${end} ms`
  return text.padStart('before the return'.length)
}

/** What happened at all is never drawn as nothing. */
function barOf(count: number, most: number): string {
  return '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * LONGEST_BAR)))
}
