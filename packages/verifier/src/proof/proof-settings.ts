import type { VerifierOptions } from '../options.ts'
import { readGroup, readNumber, readSafeUrl, readTexts } from '../validation.ts'
import type { ProofGuardOptions } from './proof-guard.ts'
import { LocalProofMemory, type ProofMemory } from './proof-memory.ts'

const NAMES = ['origin', 'required', 'maxAgeSeconds', 'memory', 'nonceSecret', 'nonceSeconds']
const MIN_SECRET_BYTES = 32

/** What proofs are checked by. @throws {TypeError} that names the option. */
export function readProofs(
  options: VerifierOptions,
  { audiences, leewayMs }: { readonly audiences: readonly string[]; readonly leewayMs: number },
  clock: { now(): number },
): ProofGuardOptions {
  const given = readGroup(options.proofs ?? {}, 'proofs', NAMES)
  const { origin, memory, nonceSecret } = given
  const slotSeconds = readNumber(given['nonceSeconds'], 'proofs.nonceSeconds', 120, 1)
  const secret = readSecret(nonceSecret)
  return {
    origins: origin === undefined ? originsOf(audiences) : readTexts(origin, 'proofs.origin').map(readOrigin),
    maxAgeSeconds: readNumber(given['maxAgeSeconds'], 'proofs.maxAgeSeconds', 60, 1),
    leewaySeconds: leewayMs / 1000,
    memory: readMemory(memory),
    nonces: secret && { need: 'required', secret, slotSeconds },
    clock,
    engine: options.engine,
  }
}

/** Whether bearer tokens are refused. @throws {TypeError} */
export function readRequired({ proofs }: VerifierOptions): boolean {
  const required: unknown = proofs?.required ?? false
  if (typeof required !== 'boolean') throw new TypeError('proofs.required must be true or false')
  return required
}

function originsOf(audiences: readonly string[]): string[] {
  const urls = audiences.filter((audience) => /^https?:\/\//i.test(audience) && URL.canParse(audience))
  return [...new Set(urls.map((url) => new URL(url).origin))]
}

function readOrigin(value: string): string {
  const url = readSafeUrl(value, 'proofs.origin')
  if (new URL(url).origin !== url)
    throw new TypeError('proofs.origin must be an origin such as https://orders.example.com')
  return url
}

function readSecret(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined
  if (value instanceof Uint8Array && value.length >= MIN_SECRET_BYTES) return value
  throw new TypeError(`proofs.nonceSecret must be ${String(MIN_SECRET_BYTES)} bytes or more`)
}

function readMemory(value: unknown): ProofMemory {
  if (value === undefined) return new LocalProofMemory()
  const { remember }: { remember?: unknown } = Object(value)
  if (typeof remember !== 'function') throw new TypeError('proofs.memory must have a method remember')
  return value as ProofMemory
}
