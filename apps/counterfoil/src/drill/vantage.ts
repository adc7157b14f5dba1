import { setTimeout as pause } from 'node:timers/promises'
import { causeOf } from './issuer.ts'
import { Unmeasurable } from './unmeasurable.ts'
import type { Bound, Probe } from './verdict.ts'

/** A verifier that has just started may not have heard from its server yet. */
const FIRST_ACCEPTANCE_MS = 15_000
const PROBE_TIMEOUT_MS = 10_000
const BETWEEN_TRIES_MS = 100

/** Somewhere that takes credentials of the installation. */
export interface Vantage {
  readonly url: string
}

/** What is to be known to stop probing: that comes with the answer to the revocation. */
export interface Ending {
  readonly returnedAt: number
  readonly bound: Bound
}

/** 2xx accepts; 401 refuses; 503 cannot tell, which does not accept either. */
async function ask(
  { url }: Vantage,
  credential: string,
  signal: AbortSignal,
): Promise<'accepted' | 'refused' | 'unknown'> {
  const { status } = await send(url, credential, signal)
  if (status >= 200 && status < 300) return 'accepted'
  if (status === 401) return 'refused'
  if (status === 503) return 'unknown'
  throw new Unmeasurable(`${url} answered a probe with ${status}: it must answer 204, 401 or 503`)
}

async function send(url: string, credential: string, signal: AbortSignal): Promise<{ readonly status: number }> {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${credential}` },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
    })
    await response.body?.cancel()
    return response
  } catch (error) {
    throw new Unmeasurable(`${url} cannot be reached: ${causeOf(error)}`)
  }
}

/** Makes sure that a live credential is accepted; a vantage point that accepts nothing shows nothing. @throws {Unmeasurable} */
export async function expectAcceptance(vantage: Vantage, credential: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + FIRST_ACCEPTANCE_MS
  for (;;) {
    const said = await ask(vantage, credential, signal)
    if (said === 'accepted') return
    if (said === 'refused')
      throw new Unmeasurable(
        `${vantage.url} refuses a session that has just begun: does it take credentials of this issuer and application?`,
      )
    if (performance.now() > deadline)
      throw new Unmeasurable(
        `${vantage.url} still answers 503 to a session that has just begun: does it reach the server?`,
      )
    await pause(BETWEEN_TRIES_MS, undefined, { signal })
  }
}

/**
 * Probes back to back. `ending` answers undefined until the revocation has returned. Ends with a rejection that began after that, or with an
 * acceptance that began after the bound.
 */
export async function probeUntilRejected(
  vantage: Vantage,
  credential: string,
  ending: () => Ending | undefined,
  signal: AbortSignal,
): Promise<readonly Probe[]> {
  const probes: Probe[] = []
  for (;;) {
    const startedAt = performance.now()
    const said = await ask(vantage, credential, signal)
    const accepted = said === 'accepted'
    probes.push({ startedAt, endedAt: performance.now(), accepted })
    const end = ending()
    if (end !== undefined && startedAt > (accepted ? end.bound.until : end.returnedAt)) return probes
  }
}
