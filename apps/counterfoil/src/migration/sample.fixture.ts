import { randomBytes } from 'node:crypto'
import type { Session } from '@counterfoil/core'
import type { AccountId, ApplicationId, KeyId, SessionId } from '@counterfoil/protocol'
import type { OpenDatabase } from '../installation/open-database.ts'

export const NOW = Date.UTC(2026, 0, 1, 9, 41, 7, 137)
const DAY = 86_400_000

const draw = <Id extends string>(): Id => randomBytes(16).toString('base64url') as Id

/** A session that is live for a day. */
export function makeSession(accountId: AccountId, at: number = NOW): Session {
  const use = { at, address: '192.0.2.7', userAgent: 'Example/1.0' }
  return {
    id: draw<SessionId>(),
    accountId,
    applicationId: 'hybrid' as ApplicationId,
    strategy: 'hybrid',
    generation: 3,
    floor: 1,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: at,
    started: { at },
    seenAt: at,
    idleExpiresAt: at + DAY,
    expiresAt: at + 30 * DAY,
  }
}

/** Fills stores with some of everything: each section has rows; `count` accounts with a session each. */
export async function fill({ database, sessions, log }: OpenDatabase, count: number): Promise<Session[]> {
  const started: Session[] = []
  for (let at = 0; at < count; at++) {
    const id = draw<AccountId>()
    const account = { id, email: `${id}@example.com`, passwordHash: 'hash', roles: ['reader'], createdAt: NOW }
    await database.registerAccount(account, { at: NOW, kind: 'account.registered', accountId: id })
    const session = makeSession(id)
    await sessions.start(session)
    await sessions.writeAttributes(session.id, 0, { cart: [at] }, NOW)
    started.push(session)
  }
  const [first, second] = started
  if (first === undefined || second === undefined) throw new TypeError('there must be two accounts at least')
  const event = { at: NOW, kind: 'account.changed' } as const
  await database.raiseAccountGeneration(first.accountId, { at: NOW, keep: first.id }, event)
  await sessions.endAll(first.accountId, { below: 1, keep: first.id })
  const gone = draw<AccountId>()
  const erased = { id: gone, email: `${gone}@example.com`, passwordHash: 'hash', roles: [], createdAt: NOW }
  await database.registerAccount(erased, event)
  await database.eraseAccount(gone, NOW, event)
  const settings = { name: 'Shop', strategy: 'hybrid', transport: 'body', audience: [], origins: [] } as const
  await database.declareApplication({ ...settings, id: 'hybrid' as ApplicationId, redirectUris: [], lifetimes: {} })
  const key = {
    purpose: 'opaque',
    algorithm: 'HS256',
    number: 7,
    publicJwk: '',
    createdAt: NOW,
    activeAt: NOW,
  } as const
  await database.addKeys('opaque', undefined, [{ ...key, id: draw<KeyId>(), sealed: randomBytes(40) }], event)
  for (let at = 0; at < count; at++) await log.append([{ kind: 'session', sessionId: draw<SessionId>(), at: NOW + at }])
  await log.compact(NOW + 2)
  return started
}
