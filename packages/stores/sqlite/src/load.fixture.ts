/*
 * A process of its own that writes to a file as hard as it can, and says on its standard output what was acknowledged, a JSON line each,
 * the moment it was. Called with a path, a seed, and after how many acknowledgements to stop.
 */
import { writeSync } from 'node:fs'
import type { Random } from '@counterfoil/core'
import type { AccountId, SessionId } from '@counterfoil/protocol'
import { openSqlite } from './open.ts'
import type { SqliteStores } from './open.ts'
import { drawBelow, NOW, sampleAccount, sampleEvent, sampleSession, seededRandom } from './sample.fixture.ts'

/** What was acknowledged. */
export type Acknowledged =
  | { readonly did: 'start'; readonly id: SessionId }
  | { readonly did: 'advance'; readonly id: SessionId; readonly generation: number }
  | { readonly did: 'attributes'; readonly id: SessionId; readonly version: number }
  | { readonly did: 'end'; readonly id: SessionId }
  | { readonly did: 'append'; readonly id: SessionId; readonly position: number }
  | { readonly did: 'register'; readonly id: AccountId; readonly email: string }
  | { readonly did: 'raise'; readonly id: AccountId; readonly generation: number; readonly position: number }

const WORKERS = 32

/** One life after another: a session that starts, rotates, keeps something and ends; an account that is registered and signed out. */
async function live(stores: SqliteStores, random: Random, say: (done: Acknowledged) => boolean): Promise<boolean> {
  const session = sampleSession({}, random)
  const { id } = session
  await stores.sessions.start(session)
  if (!say({ did: 'start', id })) return false
  const rotations = drawBelow(random, 6)
  for (let from = 0; from < rotations; from++) {
    await stores.sessions.advance(id, from, { now: NOW, idleExpiresAt: NOW + 2_000_000, use: session.rotated })
    if (!say({ did: 'advance', id, generation: from + 1 })) return false
  }
  await stores.sessions.writeAttributes(id, 0, { cart: rotations }, NOW)
  if (!say({ did: 'attributes', id, version: 1 })) return false
  if (drawBelow(random, 3) === 0 && !(await end(stores, id, say))) return false
  return drawBelow(random, 4) > 0 || signUp(stores, random, say)
}

async function end({ log, sessions }: SqliteStores, id: SessionId, say: (done: Acknowledged) => boolean) {
  const { position } = await log.append([{ kind: 'session', sessionId: id, at: NOW }])
  if (!say({ did: 'append', id, position })) return false
  await sessions.end(id)
  return say({ did: 'end', id })
}

async function signUp({ database }: SqliteStores, random: Random, say: (done: Acknowledged) => boolean) {
  const account = sampleAccount(random)
  const { id, email } = account
  await database.registerAccount(account, sampleEvent(id))
  if (!say({ did: 'register', id, email })) return false
  const raised = await database.raiseAccountGeneration(
    id,
    { at: NOW },
    { at: NOW, kind: 'session.all_ended', accountId: id },
  )
  if (raised === undefined) throw new Error('a registered account is not there')
  return say({ did: 'raise', id, generation: raised.generation, position: raised.head.position })
}

/** Prints at once, also where the pipe is full: then until the reader has made room. */
function print(text: string): void {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

async function main([path = '', seed = '', stopAfter = '']: string[]): Promise<void> {
  const random = seededRandom(Number(seed))
  const stores = await openSqlite({ path })
  let left = Number(stopAfter)
  const say = (done: Acknowledged): boolean => {
    print(`${JSON.stringify(done)}\n`)
    return --left > 0
  }
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      while (await live(stores, random, say)) continue
    }),
  )
  await stores.close()
}

await main(process.argv.slice(2))
