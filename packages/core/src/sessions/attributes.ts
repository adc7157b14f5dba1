import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import type { Attributes, VersionedAttributes } from '../stores/session-store.ts'
import type { Caller } from './caller.ts'

/** Somebody else's write may come between a look and a write; without `ifVersion` the newer state is taken up again. */
const MAX_ROUNDS = 8

/** The per-session data of the caller's session. */
export async function readAttributes(issuer: Issuer, { session }: Caller): Promise<Outcome<VersionedAttributes>> {
  if (session.strategy === 'stateless') return { refused: 'no_attributes' }
  return (await issuer.sessions.readAttributes(session.id, issuer.clock.now())) ?? { refused: 'credential_ended' }
}

/** Sets one attribute, or takes it away with `undefined`. With `ifVersion` only if that version still holds. */
export async function writeAttribute(
  issuer: Issuer,
  caller: Caller,
  name: string,
  value: unknown,
  ifVersion: number | undefined,
): Promise<Outcome<{ readonly version: number }>> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const held = await readAttributes(issuer, caller)
    if ('refused' in held) return held
    if (ifVersion !== undefined && ifVersion !== held.version) return { refused: 'attribute_changed' }
    const attributes = withAttribute(held.attributes, name, value)
    if (Buffer.byteLength(JSON.stringify(attributes)) > issuer.policy.attributesBytes)
      return { refused: 'attributes_too_large' }
    const { id } = caller.session
    const written = await issuer.sessions.writeAttributes(id, held.version, attributes, issuer.clock.now())
    if (written === 'absent') return { refused: 'credential_ended' }
    if (written !== 'conflict') return written
  }
  return { refused: 'attribute_changed' }
}

function withAttribute(attributes: Attributes, name: string, value: unknown): Attributes {
  const others = Object.entries(attributes).filter(([other]) => other !== name)
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]])
}
