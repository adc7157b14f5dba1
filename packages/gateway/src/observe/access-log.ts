import type { Measured } from './metrics.ts'

/** What of a request goes to the access log: no path and no query, which may hold anything; no header. */
export interface AccessLogEntry extends Measured {
  readonly method: string
  readonly client: string
  readonly account: string | undefined
  readonly session: string | undefined
  readonly trace: string | undefined
  /** Of the answer's body. */
  readonly bytes: number
}

/** Where entries go. */
export type AccessLog = (entry: AccessLogEntry) => void

/** An entry as it is written: times as milliseconds that passed. */
export function showEntry(entry: AccessLogEntry): Readonly<Record<string, unknown>> {
  const { route, method, status, beganAt, decidedAt, answeredAt, endedAt, upstream, tries, ...rest } = entry
  return {
    route,
    method,
    status,
    ms: rounded(endedAt - beganAt),
    decide_ms: decidedAt === undefined ? undefined : rounded(decidedAt - beganAt),
    upstream_ms: answeredAt === undefined || decidedAt === undefined ? undefined : rounded(answeredAt - decidedAt),
    upstream,
    tries,
    ...rest,
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
