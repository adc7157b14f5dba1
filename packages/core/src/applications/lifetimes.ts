import type { Strategy } from '@counterfoil/protocol'
import type { Policy } from '../policy.ts'
import type { ApplicationSettings } from './application.ts'

/** Lifetimes of an application's sessions, in milliseconds. */
export interface Lifetimes {
  readonly accessTokenMs: number
  /** Without end for `stateless`, which sees no use. */
  readonly idleMs: number
  readonly absoluteMs: number
}

/**
 * The lifetimes that hold for an application: its own where it sets them, else the policy's for its strategy. For sessions that have not
 * followed it to a new strategy yet, `strategy` is the one that they still have.
 */
export function lifetimesOf(
  application: ApplicationSettings,
  policy: Policy,
  strategy: Strategy = application.strategy,
): Lifetimes {
  const { accessTokenSeconds, idleSeconds, absoluteSeconds } = application.lifetimes
  const [idle, absolute] = sessionSeconds(strategy, policy)
  const absoluteMs = (absoluteSeconds ?? absolute) * 1000
  const accessTokenMs = (accessTokenSeconds ?? policy.accessTokenSeconds) * 1000
  if (strategy !== 'stateless') return { accessTokenMs, idleMs: (idleSeconds ?? idle) * 1000, absoluteMs }
  // What ends a stateless session must stay in the log for as long as its tokens live; only settings for another strategy say more.
  const retainedMs = policy.revocationRetentionSeconds * 1000
  const isOwn = application.strategy === 'stateless'
  return { accessTokenMs, idleMs: Infinity, absoluteMs: isOwn ? absoluteMs : Math.min(absoluteMs, retainedMs) }
}

function sessionSeconds(strategy: Strategy, policy: Policy): readonly [idle: number, absolute: number] {
  switch (strategy) {
    case 'stateless':
      return [Infinity, policy.statelessRefreshSeconds]
    case 'stateful':
      return [policy.statefulIdleSeconds, policy.statefulAbsoluteSeconds]
    case 'hybrid':
      return [policy.hybridIdleSeconds, policy.hybridAbsoluteSeconds]
  }
}

/** How long after now the last signed token of this application that is out already is accepted by someone who does not ask. */
export function longestAcceptanceMs(application: ApplicationSettings, policy: Policy): number {
  const leewayMs = policy.leewaySeconds * 1000
  // A stateful session is only ever signed for an upstream, and only for one that the application names.
  const upstreamMs = application.audience.length > 0 ? policy.upstreamTokenSeconds * 1000 + leewayMs : 0
  if (application.strategy === 'stateful') return upstreamMs
  return Math.max(lifetimesOf(application, policy).accessTokenMs + leewayMs, upstreamMs)
}

/**
 * Refuses settings of an application that do not go together.
 *
 * @throws {TypeError} naming the application and the member.
 */
export function checkLifetimes(application: ApplicationSettings, policy: Policy): void {
  const { accessTokenMs, idleMs, absoluteMs } = lifetimesOf(application, policy)
  const refuse = (member: string, problem: string): never => {
    throw new TypeError(`application ${application.id}: ${member} ${problem}`)
  }
  if (application.strategy === 'stateless') {
    if (application.lifetimes.idleSeconds !== undefined)
      refuse('idle_seconds', 'has no meaning for a stateless session')
    if (absoluteMs > policy.revocationRetentionSeconds * 1000)
      refuse('absolute_seconds', 'must not be more than revocation_retention_seconds of the policy')
  } else if (idleMs > absoluteMs) refuse('idle_seconds', 'must not be more than absolute_seconds')
  if (application.strategy === 'stateful') {
    if (application.lifetimes.accessTokenSeconds !== undefined)
      refuse('access_token_seconds', 'has no meaning for a stateful session')
  } else if (accessTokenMs > absoluteMs) refuse('access_token_seconds', 'must not be more than absolute_seconds')
}
