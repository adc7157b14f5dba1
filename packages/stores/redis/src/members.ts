import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { StoreParts } from './store-parts.ts'

const HOUR_MS = 60 * 60 * 1000

/** The hour by which something has expired, as a number that Redis packs into four bytes. */
export function hourOf(expiresAt: number): number {
  return Math.ceil(expiresAt / HOUR_MS)
}

/** The sessions of an account's key, whether they are still there or not. One of its fields holds the floor. */
export function readMembers(reply: unknown): { readonly id: SessionId; readonly expiresAt: number }[] {
  const fields = Array.isArray(reply) ? reply.map(String) : []
  return fields.flatMap((field, at) => {
    const isMember = at % 2 === 0 && field !== 'f'
    return isMember ? [{ id: field as SessionId, expiresAt: Number(fields[at + 1]) * HOUR_MS }] : []
  })
}

/** Takes sessions that are gone off their account's list. One that stays there is looked for in vain; that is all. */
export async function strikeOff(
  { commands, keys }: Pick<StoreParts, 'commands' | 'keys'>,
  accountId: AccountId,
  ids: readonly SessionId[],
): Promise<void> {
  const account = keys.account(accountId)
  if (ids.length > 0) await commands.send(account, 'HDEL', account, ...ids).catch(() => undefined)
}
