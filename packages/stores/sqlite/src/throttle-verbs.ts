import type { DatabaseSync } from 'node:sqlite'
import { FAMILIAR_GROUPS_PER_ACCOUNT } from '@counterfoil/core'
import type { AttemptRule, Taking } from '@counterfoil/core'
import { prepareChange, prepareQuery } from './statements.ts'

/** How many rows whose time is over go with each one that is written: more than come, so that they become fewer. */
const TIDY_STEP = 4

/** The verbs that write counts of attempts and familiar addresses; each runs inside a transaction that others begin and commit. */
export type ThrottleVerbs = ReturnType<typeof prepareThrottleVerbs>

/** Prepares the verbs that write counts of attempts and familiar addresses. */
export function prepareThrottleVerbs(db: DatabaseSync) {
  return { takeAttempt: prepareTaking(db), giveAttemptBack: prepareReturn(db), rememberAddress: prepareMemory(db) }
}

function prepareTaking(db: DatabaseSync) {
  // A window that ends later than a new one would comes from a clock that has been set back since.
  const stands = '?3 < ends_at AND ends_at <= ?3 + ?4'
  const find = prepareQuery<[count: number, endsAt: number]>(
    db,
    `SELECT count, ends_at FROM attempts WHERE rule = ?1 AND subject = ?2 AND ${stands}`,
  )
  const put = prepareChange(
    db,
    `INSERT INTO attempts (rule, subject, count, ends_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (rule, subject) DO UPDATE SET count = excluded.count, ends_at = excluded.ends_at`,
  )
  const tidy = prepareChange(
    db,
    `DELETE FROM attempts WHERE (rule, subject) IN
       (SELECT rule, subject FROM attempts WHERE ends_at <= ? ORDER BY ends_at LIMIT ${TIDY_STEP})`,
  )
  return ({ name, attempts, windowMs }: AttemptRule, subject: string, now: number): Taking => {
    const [count, endsAt] = find.first(name, subject, now, windowMs) ?? [0, now + windowMs]
    if (count >= attempts) return { taken: false, retryAfterMs: endsAt - now }
    put(name, subject, count + 1, endsAt)
    tidy(now)
    return { taken: true, windowEndsAt: endsAt }
  }
}

function prepareReturn(db: DatabaseSync) {
  const decrease = prepareChange(
    db,
    'UPDATE attempts SET count = count - 1 WHERE rule = ? AND subject = ? AND ends_at = ? AND count > 1',
  )
  const remove = prepareChange(db, 'DELETE FROM attempts WHERE rule = ? AND subject = ? AND ends_at = ?')
  return (rule: string, subject: string, windowEndsAt: number): void => {
    if (decrease(rule, subject, windowEndsAt) === 0) remove(rule, subject, windowEndsAt)
  }
}

function prepareMemory(db: DatabaseSync) {
  const put = prepareChange(
    db,
    `INSERT INTO familiar_addresses (account, place, expires_at, remembered)
     VALUES (?1, ?2, ?3, (SELECT coalesce(max(remembered), 0) + 1 FROM familiar_addresses WHERE account = ?1))
     ON CONFLICT (account, place) DO UPDATE SET expires_at = excluded.expires_at, remembered = excluded.remembered`,
  )
  const bound = prepareChange(
    db,
    `DELETE FROM familiar_addresses WHERE account = ?1 AND place NOT IN
       (SELECT place FROM familiar_addresses WHERE account = ?1 ORDER BY remembered DESC LIMIT ${FAMILIAR_GROUPS_PER_ACCOUNT})`,
  )
  const tidy = prepareChange(
    db,
    `DELETE FROM familiar_addresses WHERE (account, place) IN
       (SELECT account, place FROM familiar_addresses WHERE expires_at <= ? ORDER BY expires_at LIMIT ${TIDY_STEP})`,
  )
  return (account: string, group: string, until: number, now: number): void => {
    put(account, group, until)
    bound(account)
    tidy(now)
  }
}
