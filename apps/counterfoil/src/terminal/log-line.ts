import { toOneLine } from '../config/quoting.ts'

const LEVELS: ReadonlyMap<number, string> = new Map([
  [60, 'FATAL'],
  [50, 'ERROR'],
  [40, 'WARN '],
  [30, 'info '],
  [20, 'debug'],
  [10, 'trace'],
])

const COMMON = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'request_id', 'name'])

/** A line of the log as a person in front of a terminal reads it; the text as it is where it is no line of the log. */
export function showLogLine(json: string): string {
  const entry = parse(json)
  if (entry === undefined) return toOneLine(json)
  const time = typeof entry['time'] === 'number' ? new Date(entry['time']).toLocaleTimeString('en-GB') : ''
  const level = LEVELS.get(Number(entry['level'])) ?? '     '
  const rest = Object.entries(entry).flatMap(([key, value]) => (COMMON.has(key) ? [] : flatten(key, value)))
  return toOneLine([time, level, typeof entry['msg'] === 'string' ? entry['msg'] : '', ...rest].join(' ').trimEnd())
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(json)
    return typeof entry === 'object' && entry !== null ? { ...entry } : undefined
  } catch {
    return undefined
  }
}

/** A request's and an answer's members stand for themselves; stacks stay in the JSON. */
function flatten(key: string, value: unknown): readonly string[] {
  if (key === 'stack') return []
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([inner, part]) => flatten(inner, part))
  }
  return [`${key}=${typeof value === 'number' ? String(Math.round(value * 10) / 10) : String(value)}`]
}
