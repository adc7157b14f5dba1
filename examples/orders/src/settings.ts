import type { OnStale, VerifierOptions } from '@counterfoil/verifier'

/** Settings of the orders API. */
export interface OrdersSettings {
  readonly verifier: VerifierOptions
  readonly port: number
}

const POLICIES: readonly string[] = ['reject', 'introspect', 'accept']

/**
 * The settings in the environment: `ISSUER` whose credentials it accepts, `AUDIENCE` who it is in them, `PORT` where it listens;
 * `VERIFIER_KEY` lets it follow revocations, `ON_STALE` says what it does when it cannot, `FEED_MODE=on-demand` makes it ask only when somebody
 * calls.
 *
 * @throws {TypeError} that names the variable.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): OrdersSettings {
  const { ISSUER: issuer = 'http://localhost:7500', VERIFIER_KEY: key, ON_STALE, FEED_MODE } = environment
  const port = Number(environment['PORT'] ?? '7600')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new TypeError('PORT must be a number from 0 to 65535')
  if (ON_STALE !== undefined && !POLICIES.includes(ON_STALE))
    throw new TypeError(`ON_STALE must be one of ${POLICIES.join(', ')}`)
  if (FEED_MODE !== undefined && FEED_MODE !== 'background' && FEED_MODE !== 'on-demand')
    throw new TypeError('FEED_MODE must be background or on-demand')
  const mode: 'background' | 'on-demand' | undefined = FEED_MODE
  const feed = key === undefined || key === '' ? (false as const) : { key, mode }
  const audience = environment['AUDIENCE'] ?? issuer
  return { port, verifier: { issuer, audience, feed, onStale: ON_STALE as OnStale | undefined } }
}
