import { POLICY_LIMITS, type ApplicationLifetimes, type Policy, type PolicyLimit } from '@counterfoil/core'
import type { Strategy } from '@counterfoil/protocol'
import { SettingError } from './setting-error.ts'
import { toSnakeCase } from './wire-names.ts'

const LIFETIMES = ['access_token_seconds', 'idle_seconds', 'absolute_seconds'] as const
type Lifetime = (typeof LIFETIMES)[number]

/** What each lifetime of an application stands in for. */
const STANDS_FOR: Readonly<Record<Strategy, Partial<Record<Lifetime, PolicyLimit>>>> = {
  stateless: { access_token_seconds: 'accessTokenSeconds', absolute_seconds: 'statelessRefreshSeconds' },
  stateful: { idle_seconds: 'statefulIdleSeconds', absolute_seconds: 'statefulAbsoluteSeconds' },
  hybrid: {
    access_token_seconds: 'accessTokenSeconds',
    idle_seconds: 'hybridIdleSeconds',
    absolute_seconds: 'hybridAbsoluteSeconds',
  },
}

type GivenLifetimes = Readonly<Partial<Record<Lifetime, number | undefined>>>

/** Lifetimes of one application, held to the policy that they differ from. @throws {SettingError} */
export function readLifetimes(
  given: GivenLifetimes,
  strategy: Strategy,
  policy: Policy,
  place: string,
): ApplicationLifetimes {
  for (const name of LIFETIMES) checkRange(given[name], STANDS_FOR[strategy][name], strategy, `${place}.${name}`)
  checkOrder(given, 'idle_seconds', strategy, policy, place)
  checkOrder(given, 'access_token_seconds', strategy, policy, place)
  const retention = policy.revocationRetentionSeconds
  if (strategy === 'stateless' && (given.absolute_seconds ?? 0) > retention) {
    const problem = `must not be more than policy.revocation_retention_seconds (${retention})`
    throw new SettingError(`${place}.absolute_seconds`, problem)
  }
  return {
    accessTokenSeconds: given.access_token_seconds,
    idleSeconds: given.idle_seconds,
    absoluteSeconds: given.absolute_seconds,
  }
}

function checkRange(
  value: number | undefined,
  limit: PolicyLimit | undefined,
  strategy: Strategy,
  place: string,
): void {
  if (value === undefined) return
  if (limit === undefined) throw new SettingError(place, `has no meaning for a ${strategy} application: leave it out`)
  const { min, max } = POLICY_LIMITS[limit]
  if (value < min || value > max) throw new SettingError(place, `must be a whole number from ${min} to ${max}`)
}

/** The shorter lifetime must not outlast the longest one, wherever each was set. */
function checkOrder(given: GivenLifetimes, shorter: Lifetime, strategy: Strategy, policy: Policy, place: string): void {
  const [least, most] = [STANDS_FOR[strategy][shorter], STANDS_FOR[strategy].absolute_seconds]
  if (least === undefined || most === undefined) return
  const own = given[shorter]
  const [short, long] = [own ?? policy[least], given.absolute_seconds ?? policy[most]]
  if (short <= long) return
  throw own === undefined
    ? new SettingError(`${place}.absolute_seconds`, `must not be less than policy.${toSnakeCase(least)} (${short})`)
    : new SettingError(`${place}.${shorter}`, `must not be more than the absolute lifetime (${long})`)
}
