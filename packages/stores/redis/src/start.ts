import { StoreUnavailable, type Session, type SessionStore } from '@counterfoil/core'
import type { Commands } from './commands.ts'
import type { Keys } from './keys.ts'
import { hourOf } from './members.ts'
import { writeNumber, writeRecord, writeStrategy } from './record.ts'
import { ENROL, FINISH_START, GRACE_MS, START_LIMIT_MS, WITHDRAW_START } from './scripts.ts'
import type { StoreParts } from './store-parts.ts'

// A session and its account are in different slots, which no script spans. A start takes three steps:
//
//   1. reserve  in the session's slot: the record, marked as starting, unless the id is in use. Nobody finds it yet.
//   2. enrol    in the account's slot: refused when the floor has passed it, else it joins the account's sessions.
//   3. finish   in the session's slot: the record is marked as started, if it is still the one of step 1.
//
// An end of all raises the floor and reads the account's sessions in one step (a), then visits each of them (b), and takes away
// also those that are starting.
//
// What is live is enrolled: 3 follows 2, and whoever takes a session off its account's list has removed its record before.
// No start of an older generation survives an end of all: either (a) comes before 2, which is refused then; or 2 comes before (a).
// Then the session is on the list of (a), its record was written before (1), and (b) either precedes 3, which finds no record, or
// follows it and ends a live session. In the first case `start` says superseded and the end of all does not name it, in
// the second it was started, and is named.
// Whoever dies between the steps leaves a record that is not live and goes away within a minute, and at most a name on a list.

/** A started session, or why it could not start; see above for the order of the steps. */
export function createStart({ commands, keys, drawName, replicate }: StoreParts): SessionStore['start'] {
  return async (session) => {
    const start: Start = {
      session,
      key: keys.session(session.id),
      record: writeRecord(session),
      word: `0${drawName()}`,
    }
    if (!(await reserve(commands, start))) return 'taken'
    if (!(await enrol(commands, keys, start))) {
      // It would go away by itself; until then nobody could have the id.
      await commands.run(WITHDRAW_START, [start.key], start.word).catch(() => undefined)
      return 'superseded'
    }
    const outcome = await finish(commands, keys, start)
    if (outcome === 'started') await replicate(start.key)
    return outcome
  }
}

interface Start {
  readonly session: Session
  readonly key: string
  readonly record: string
  /** Marks the record of this very call: `0`, and what nobody else draws. */
  readonly word: string
}

async function reserve(commands: Commands, { key, record, word }: Start): Promise<boolean> {
  const reserved = word + record
  const before = await commands.send(key, 'SET', key, reserved, 'NX', 'GET', 'PX', START_LIMIT_MS)
  // A driver that lost the answer may have sent it twice: then what was there before is our own.
  return before === null || before === reserved
}

async function enrol(commands: Commands, keys: Keys, { session }: Start): Promise<boolean> {
  const { id, accountId, accountGeneration, expiresAt, seenAt } = session
  const facts = [id, writeNumber(accountGeneration), hourOf(expiresAt)]
  return (await commands.run(ENROL, [keys.account(accountId)], ...facts, expiresAt - seenAt + GRACE_MS)) === 1
}

async function finish(commands: Commands, keys: Keys, start: Start): Promise<'started' | 'superseded'> {
  const { session, key, record, word } = start
  const timeToLive = Math.min(session.idleExpiresAt, session.expiresAt) - session.seenAt + GRACE_MS
  const strategy = writeStrategy(session.strategy)
  const both = [key, keys.attributes(session.id)] as const
  const finished = await commands.run(FINISH_START, both, word, strategy, Math.max(1, timeToLive))
  if (finished === 1 || (await commands.send(key, 'GET', key)) === strategy + record) return 'started'
  const floor = await commands.send(keys.account(session.accountId), 'HGET', keys.account(session.accountId), 'f')
  if (typeof floor === 'string' && session.accountGeneration < Number.parseInt(floor, 36)) return 'superseded'
  throw new StoreUnavailable('a session took too long to start')
}
