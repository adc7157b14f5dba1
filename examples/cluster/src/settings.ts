import { randomBytes } from 'node:crypto'

/** Of which the nodes' configuration is made. */
export interface Surroundings {
  /** Where clients reach the cluster. */
  readonly issuer: string
  readonly postgres: string
  readonly redisPorts: readonly number[]
  /** The audience of the orders API, and the key of its verifier. */
  readonly orders: string
  readonly verifierKey: string
}

/** The strategies; the applications are called after them. */
export const STRATEGIES = ['stateless', 'stateful', 'hybrid'] as const
export type Strategy = (typeof STRATEGIES)[number]

/** One configuration for all nodes; each is told in its environment where it listens. */
export function describeNodes({ issuer, postgres, redisPorts, orders, verifierKey }: Surroundings): string {
  const redis = redisPorts.map((port) => `127.0.0.1:${port}`).join(',')
  const applications = STRATEGIES.map(
    (strategy) => `[[applications]]\nid = "${strategy}"\nstrategy = "${strategy}"\naudience = ["${orders}"]\n`,
  )
  return `issuer = "${issuer}"
database = "${postgres}"
session_store = "redis+cluster://${redis}"
secret = "${randomBytes(32).toString('base64')}"
trusted_proxies = ["127.0.0.1"]
drain_seconds = 1
log_level = "warn"

# All users of this example come from one address, and share this machine with everything else.
[policy]
sign_ups_per_address = 10000
password_memory_kib = 7168
password_passes = 1

${applications.join('\n')}
[[verifiers]]
name = "orders"
key = "${verifierKey}"
`
}
