import type { VerifyOptions } from './judgement.ts'
import { readOnStale } from './settings.ts'
import { assertKnown } from './validation.ts'

const NAMES = ['maxAuthAgeSeconds', 'audience', 'onStale', 'minPosition', 'proof']

/** @throws {TypeError} when the options of one call could not mean anything. */
export function assertCall(call: VerifyOptions, audiences: readonly string[]): void {
  assertKnown(call, NAMES)
  const { maxAuthAgeSeconds, audience, onStale, minPosition } = call
  if (maxAuthAgeSeconds !== undefined && !(maxAuthAgeSeconds >= 0))
    throw new TypeError('maxAuthAgeSeconds must be a number from 0 on')
  if (audience !== undefined && !audiences.includes(audience))
    throw new TypeError("audience must be one of the verifier's")
  readOnStale(onStale, 'introspect')
  assertProof(call.proof)
  if (minPosition === undefined) return
  const { incarnation, position }: { incarnation?: unknown; position?: unknown } = Object(minPosition)
  if (typeof incarnation !== 'string' || typeof position !== 'number')
    throw new TypeError('minPosition must hold an incarnation and a position, as an ending call answers them')
}

function assertProof(proof: unknown): void {
  if (proof === undefined || proof === 'waived') return
  const { method, url }: { method?: unknown; url?: unknown } = Object(proof)
  if (typeof method !== 'string' || typeof url !== 'string')
    throw new TypeError("proof must be the request's method, url and headers, or 'waived'")
}
