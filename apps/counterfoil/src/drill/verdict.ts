import { boundMs } from '@counterfoil/protocol'

/** What a vantage point was asked, when, and what it said. Milliseconds of one monotonic clock. */
export interface Probe {
  readonly startedAt: number
  readonly endedAt: number
  readonly accepted: boolean
}

/** A revocation as it went. Milliseconds of the monotonic clock, but for what is on a wall clock. */
export interface Revocation {
  readonly sentAt: number
  readonly returnedAt: number
  /** By the wall clock here, when `sentAt` was read. */
  readonly sentAtWall: number
  /** By the server's wall clock, in whole seconds: when it answered. Undefined where it does not say. */
  readonly datedWall: number | undefined
  /** By the server's wall clock: what it promises. */
  readonly obeyedByWall: number
}

/** Within what time a revocation is to be obeyed, in milliseconds, and the instant until when that is. */
export interface Bound {
  readonly ms: number
  /** Of the monotonic clock. */
  readonly until: number
}

/** What came of a revocation at one vantage point. */
export interface Finding {
  readonly vantage: string
  /** From the return of the revocation to the first rejection; below 0 where that came first. Undefined where there was none. */
  readonly rejectedAfterMs: number | undefined
  /** Whether a probe that began after the bound was accepted. */
  readonly isBroken: boolean
}

/** The result of a drill. */
export interface Verdict {
  readonly kept: boolean
  /** One line. */
  readonly line: string
}

/**
 * The bound of a revocation: what the server promised, or τ/(1−ρ) from its return when the length of the lease is given. A promise is an
 * instant on the server's clock, so it is as right as the two wall clocks agree.
 */
export function boundOf(revocation: Revocation, leaseSeconds: number | undefined): Bound {
  const { sentAt, returnedAt, sentAtWall, obeyedByWall } = revocation
  if (leaseSeconds !== undefined) {
    const ms = boundMs(leaseSeconds * 1000)
    return { ms, until: returnedAt + ms }
  }
  const ms = obeyedByWall - sentAtWall
  return { ms, until: sentAt + ms }
}

/** The grain of the instant in an answer, and as much again for what nobody would call a wrong clock. */
const SAME_TIME_MS = 2000

/** By how much the server's wall clock is ahead of the one here, where that is too much to read its promise; else undefined. */
export function clockDifferenceMs({ sentAt, returnedAt, sentAtWall, datedWall }: Revocation): number | undefined {
  if (datedWall === undefined) return undefined
  const earliest = datedWall - (sentAtWall + returnedAt - sentAt)
  const latest = datedWall + 1000 - sentAtWall
  if (earliest > SAME_TIME_MS) return earliest
  return latest < -SAME_TIME_MS ? latest : undefined
}

/** What the probes of one vantage point say. The first rejection is the one after which nothing was accepted any more. */
export function judgeProbes(vantage: string, probes: readonly Probe[], returnedAt: number, { until }: Bound): Finding {
  const lastAccepted = probes.findLastIndex(({ accepted }) => accepted)
  const rejection = probes[lastAccepted + 1]
  return {
    vantage,
    rejectedAfterMs: rejection === undefined ? undefined : rejection.endedAt - returnedAt,
    isBroken: probes.some(({ accepted, startedAt }) => accepted && startedAt > until),
  }
}

/** When a rejection came, in words. */
export function sayDelay(afterReturnMs: number): string {
  return afterReturnMs <= 0 ? 'before the return' : `${afterReturnMs.toFixed(1)} ms after the return`
}

/** Whether the bound was kept in all rounds. `bounds` are those of the rounds, in milliseconds. */
export function judgeDrill(findings: readonly Finding[], bounds: readonly number[]): Verdict {
  const bound = `${Math.round(bounds.reduce((one, other) => Math.max(one, other), 0)).toLocaleString('en-US')} ms`
  const broken = findings.filter(({ isBroken }) => isBroken)
  if (broken.length > 0) {
    const where = [...new Set(broken.map(({ vantage }) => vantage))].join(', ')
    return {
      kept: false,
      line: `BROKEN: ${broken.length} of ${findings.length} times a revoked credential was accepted later than the bound of ${bound}, at ${where}`,
    }
  }
  const slowest = findings.reduce((one, { rejectedAfterMs }) => Math.max(one, rejectedAfterMs ?? one), -Infinity)
  return {
    kept: true,
    line: `kept: each of ${findings.length} rejections came within the bound of ${bound}; the slowest ${sayDelay(slowest)}`,
  }
}
