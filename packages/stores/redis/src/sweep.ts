import { isLive, StoreUnavailable, type Session, type SessionStore } from '@counterfoil/core'
import { strikeOff } from './members.ts'
import { readRecord, writeNumber } from './record.ts'
import { END_EXPIRED } from './scripts.ts'
import type { StoreParts } from './store-parts.ts'

/** How many keys of a primary one call looks at: some 50 ms of this process, and a few of Redis. */
const KEYS_PER_CALL = 10_000

const KEYS_PER_PAGE = 500

/** What goes through the keys of one primary, a stretch at a time, and begins anew at the end. */
interface Round {
  readonly tag: string
  cursor: string
}

/**
 * Removes what has expired sooner than Redis would, which does by itself a day later. It keeps no index for that, which would
 * cost each session a sixth more room and each start a write: it goes through the keys, each call a stretch further on.
 */
export function createSweep(parts: StoreParts): SessionStore['sweep'] {
  const cursors = new Map<string, Round>()
  return async (now, limit) => {
    let removed = 0
    for (const { tag, name } of parts.link.primaries()) {
      const round = cursors.get(name) ?? { tag, cursor: '0' }
      cursors.set(name, { ...round, tag })
      if (removed < limit) removed += await sweepOne(parts, cursors.get(name) ?? round, now, limit - removed)
    }
    return removed
  }
}

async function sweepOne(parts: StoreParts, round: Round, now: number, limit: number): Promise<number> {
  let removed = 0
  // Who begins in the middle has been all the way round only after a whole turn from the beginning.
  let isWhole = round.cursor === '0'
  for (let looked = 0; looked < KEYS_PER_CALL; looked += KEYS_PER_PAGE) {
    const page = await readPage(parts, round)
    const gone = await removeExpired(parts, page.keys, now, limit - removed)
    removed += gone
    if (removed >= limit) return removed
    round.cursor = page.next
    if (round.cursor !== '0') continue
    if (isWhole) break
    isWhole = true
  }
  return removed
}

async function readPage({ commands, keys }: StoreParts, round: Round): Promise<{ keys: string[]; next: string }> {
  const words = ['SCAN', round.cursor, 'MATCH', keys.sessionPattern, 'COUNT', KEYS_PER_PAGE]
  const reply = await commands.send(`{${round.tag}}`, ...words.map(String))
  if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw new StoreUnavailable('Redis did not list its keys')
  return { next: String(reply[0]), keys: reply[1].map(String) }
}

/** Removes what has expired, `limit` at most; how many. */
async function removeExpired(parts: StoreParts, found: readonly string[], now: number, limit: number): Promise<number> {
  const { commands, keys } = parts
  const records = await Promise.all(found.map((key) => commands.send(key, 'GET', key)))
  const expired = found.flatMap((key, at) => {
    const session = readRecord(keys.sessionIdOf(key), records[at])
    return session === undefined || isLive(session, now) ? [] : [session]
  })
  let removed = 0
  while (expired.length > 0 && removed < limit) {
    const outcomes = await Promise.all(expired.splice(0, limit - removed).map((one) => removeOne(parts, one, now)))
    removed += outcomes.filter(Boolean).length
  }
  return removed
}

/** Whether it was still there, and still expired. */
async function removeOne(parts: StoreParts, { id, accountId }: Session, now: number): Promise<boolean> {
  const both = [parts.keys.session(id), parts.keys.attributes(id)] as const
  if ((await parts.commands.run(END_EXPIRED, both, writeNumber(now))) === null) return false
  await strikeOff(parts, accountId, [id])
  return true
}
