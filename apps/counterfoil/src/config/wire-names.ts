import { POLICY_LIMITS, type PolicyLimit } from '@counterfoil/core'

/** `accessTokenSeconds` as the configuration writes it: `access_token_seconds`. */
export function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const LIMITS = Object.keys(POLICY_LIMITS) as PolicyLimit[]

/** Names under `[policy]` and what core calls them. */
export const POLICY_NAMES: ReadonlyMap<string, PolicyLimit | 'signingAlgorithm'> = new Map(
  [...LIMITS, 'signingAlgorithm' as const].map((name) => [toSnakeCase(name), name]),
)

/** A sentence of core with the names of the policy as the configuration writes them. */
export function renamePolicy(sentence: string): string {
  const names = [...POLICY_NAMES.values()]
  return sentence.replaceAll(/\b[a-z]+(?:[A-Z][a-z]*)+\b/g, (word) =>
    names.some((name) => name === word) ? toSnakeCase(word) : word,
  )
}
