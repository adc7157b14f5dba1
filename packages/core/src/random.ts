import { randomFillSync } from 'node:crypto'
import { encodeBase64url } from '@counterfoil/protocol'

/** Gives `length` bytes that nobody can predict. Tests give a seeded one. */
export type Random = (length: number) => Uint8Array

/** The operating system's CSPRNG. */
export const systemRandom: Random = (length) => randomFillSync(new Uint8Array(length))

/** 128 random bits as 22 characters of base64url: more than a version 4 UUID holds (ASVS 11.5.1). */
export function drawId<Id extends string>(random: Random): Id {
  return encodeBase64url(random(16)) as Id
}
