import { randomBytes } from 'node:crypto'
import { ROUTES } from '@counterfoil/protocol'
import { Issuer, type Visitor } from './issuer.ts'
import { Unmeasurable } from './unmeasurable.ts'
import { expectAcceptance, probeUntilRejected, type Ending, type Vantage } from './vantage.ts'
import { boundOf, clockDifferenceMs, judgeProbes, sayDelay, type Finding, type Revocation } from './verdict.ts'

/** What is tried, and how often. */
export interface DrillPlan {
  readonly issuer: string
  readonly clientId: string
  /** Where to probe; none: at the issuer's own `/verify`. */
  readonly probes: readonly string[]
  readonly rounds: number
  /** The bound is reckoned from this where it is given, else from what the server promises. */
  readonly leaseSeconds: number | undefined
  /** An account that is there and stays; without it one is made, and removed at the end. */
  readonly account: { readonly email: string; readonly password: string } | undefined
  /** Told how far it is. */
  readonly tell: (line: string) => void
  readonly signal: AbortSignal
}

/** What a drill found. */
export interface DrillResult {
  readonly findings: readonly Finding[]
  /** The bound of each round, in milliseconds. */
  readonly bounds: readonly number[]
}

interface Stage {
  readonly issuer: Issuer
  readonly visitor: Visitor
  readonly vantages: readonly Vantage[]
  readonly leaseSeconds: number | undefined
}

/** One session: signs in, sees it accepted everywhere, revokes it, and probes until it is rejected everywhere. */
async function runRound({ issuer, visitor, vantages, leaseSeconds }: Stage, signal: AbortSignal) {
  const credential = await issuer.signIn(visitor)
  await Promise.all(vantages.map((vantage) => expectAcceptance(vantage, credential, signal)))
  let end: Ending | undefined
  const revoke = async (): Promise<Ending> => {
    const revocation = await issuer.revoke(credential)
    if (leaseSeconds === undefined) assertSameTime(revocation)
    end = { returnedAt: revocation.returnedAt, bound: boundOf(revocation, leaseSeconds) }
    return end
  }
  const probe = async (vantage: Vantage) => ({
    vantage,
    probes: await probeUntilRejected(vantage, credential, () => end, signal),
  })
  const [{ returnedAt, bound }, seen] = await Promise.all([revoke(), Promise.all(vantages.map(probe))])
  const findings = seen.map(({ vantage, probes }) => judgeProbes(vantage.url, probes, returnedAt, bound))
  return { findings, boundMs: bound.ms }
}

function assertSameTime(revocation: Revocation): void {
  const ms = clockDifferenceMs(revocation)
  if (ms === undefined) return
  throw new Unmeasurable(
    `the clock of the server is about ${(ms / 1000).toFixed(0)} s from the one here, so its promise cannot be read: set the clocks, or give --lease-seconds`,
  )
}

/** What one vantage point or the revocation cannot tell ends the probes of all: nobody would stop them any more. */
async function endWithRound<Result>(
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const over = new AbortController()
  try {
    return await act(AbortSignal.any([signal, over.signal]))
  } catch (error) {
    if (signal.aborted) throw new Unmeasurable('it was interrupted')
    throw error
  } finally {
    over.abort()
  }
}

async function runRounds(stage: Stage, { rounds, tell, signal }: DrillPlan): Promise<DrillResult> {
  const findings: Finding[] = []
  const bounds: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const { findings: found, boundMs } = await endWithRound(signal, (ending) => runRound(stage, ending))
    findings.push(...found)
    bounds.push(boundMs)
    const slowest = found.map(({ isBroken, rejectedAfterMs }) => (isBroken ? Infinity : (rejectedAfterMs ?? 0)))
    tell(`round ${round} of ${rounds}: ${describe(Math.max(...slowest))}`)
    // Each further round would last as long as the bound, and say the same.
    if (found.some(({ isBroken }) => isBroken)) break
  }
  return { findings, bounds }
}

function describe(slowestMs: number): string {
  return slowestMs === Infinity ? 'still accepted after the bound' : `rejected everywhere, ${sayDelay(slowestMs)}`
}

/**
 * Revokes sessions of a throw-away account, and sees how long each is accepted after that.
 *
 * @throws {Unmeasurable}
 */
export async function runDrill(plan: DrillPlan): Promise<DrillResult> {
  const issuer = new Issuer(plan.issuer)
  const urls = plan.probes.length > 0 ? plan.probes : [issuer.url + ROUTES.verify]
  const visitor = { ...(plan.account ?? inventAccount()), clientId: plan.clientId }
  const stage = { issuer, visitor, vantages: urls.map((url) => ({ url })), leaseSeconds: plan.leaseSeconds }
  if (plan.account !== undefined) return runRounds(stage, plan)
  await issuer.signUp(visitor)
  plan.tell(`made the account ${visitor.email}`)
  try {
    return await runRounds(stage, plan)
  } finally {
    await eraseOrTell(issuer, visitor, plan.tell)
  }
}

/** `.invalid` is nobody's (RFC 2606 §2). */
function inventAccount(): { readonly email: string; readonly password: string } {
  const name = randomBytes(9).toString('hex')
  return { email: `drill-${name}@example.invalid`, password: randomBytes(24).toString('base64url') }
}

/** What was measured counts, also when the account cannot be removed. */
async function eraseOrTell(issuer: Issuer, visitor: Visitor, tell: (line: string) => void): Promise<void> {
  try {
    await issuer.erase(visitor)
    tell(`removed the account ${visitor.email}`)
  } catch (error) {
    tell(`the account ${visitor.email} is still there: ${error instanceof Error ? error.message : String(error)}`)
  }
}
