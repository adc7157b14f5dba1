import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPolicy, POLICY_LIMITS, PolicyError, type Policy } from './policy.ts'

const refusalOf = (settings: object): PolicyError => {
  try {
    createPolicy(settings)
  } catch (error) {
    if (error instanceof PolicyError) return error
    throw error
  }
  throw new Error('it was accepted')
}

it('the defaults are those that the documents promise', () => {
  expect(createPolicy()).toMatchObject({
    accessTokenSeconds: 300,
    hybridIdleSeconds: 14 * 86_400,
    hybridAbsoluteSeconds: 30 * 86_400,
    statelessRefreshSeconds: 86_400,
    statefulIdleSeconds: 86_400,
    statefulAbsoluteSeconds: 30 * 86_400,
    leewaySeconds: 5,
    refreshConcurrencyWindowSeconds: 30,
    leaseSeconds: 5,
    signingAlgorithm: 'EdDSA',
  })
})

it('NIST 2.1.3 no session outlives 30 days unless the operator says so', () => {
  const { hybridAbsoluteSeconds, statefulAbsoluteSeconds, statelessRefreshSeconds } = createPolicy()
  for (const seconds of [hybridAbsoluteSeconds, statefulAbsoluteSeconds, statelessRefreshSeconds])
    expect(seconds).toBeLessThanOrEqual(30 * 86_400)
})

it.each([
  [{ accessTokenSecond: 5 }, 'accessTokenSecond', /is not a setting/],
  [{ accessTokenSeconds: 9 }, 'accessTokenSeconds', /from 10 to 3600/],
  [{ accessTokenSeconds: '300' }, 'accessTokenSeconds', /whole number/],
  [{ accessTokenSeconds: 1.5e1 + 0.5 }, 'accessTokenSeconds', /whole number/],
  [{ accessTokenSeconds: Number.NaN }, 'accessTokenSeconds', /whole number/],
  [{ signingAlgorithm: 'none' }, 'signingAlgorithm', /EdDSA, ES256, RS256/],
  [{ signingAlgorithm: 'HS256' }, 'signingAlgorithm', /EdDSA, ES256, RS256/],
  [{ hybridIdleSeconds: 40 * 86_400 }, 'hybridIdleSeconds', /not be more than hybridAbsoluteSeconds/],
  [{ statelessRefreshSeconds: 2 * 86_400 }, 'statelessRefreshSeconds', /revocationRetentionSeconds/],
])('%j is refused, and names the setting', (settings, setting, problem) => {
  const refusal = refusalOf(settings)
  expect(refusal.setting).toBe(setting)
  expect(refusal.message).toMatch(problem)
})

it('whatever is given, what comes back is within its limits', () => {
  const names = Object.keys(POLICY_LIMITS) as (keyof typeof POLICY_LIMITS)[]
  const values = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.constant(null),
    fc.constant(undefined),
    fc.nat(100_000),
  )
  const settings = fc.dictionary(fc.constantFrom(...names, 'other', '__proto__'), values)
  const judge = (given: object): Policy | undefined => {
    try {
      return createPolicy(given)
    } catch (error) {
      expect(error).toBeInstanceOf(PolicyError)
      return undefined
    }
  }
  fc.assert(
    fc.property(settings, (given) => {
      const policy = judge(given)
      for (const name of names) {
        const { min, max } = POLICY_LIMITS[name]
        if (policy !== undefined) expect(policy[name] >= min && policy[name] <= max).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
})
