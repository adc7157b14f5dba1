import { FAMILIAR_GROUPS_PER_ACCOUNT } from '@counterfoil/core'
import type { AttemptCounters, FamiliarAddresses } from '@counterfoil/core'
import type { Ask } from './client.ts'

/** How many rows whose time is over go with each one that is written: more than come, so that they become fewer. */
const TIDY_STEP = 4

// A window that ends later than a new one would comes from a clock that has been set back since.
const STANDS = '$4 < a.ends_at AND a.ends_at <= $4 + $5::bigint'

/** Statements about attempts and familiar addresses. */
export const THROTTLE_TEXTS = {
  take: `
INSERT INTO counterfoil_attempts AS a (rule, subject, count, ends_at) VALUES ($1, $2, 1, $4::bigint + $5::bigint)
ON CONFLICT (rule, subject) DO UPDATE SET
  count = CASE WHEN ${STANDS} THEN a.count + 1 ELSE 1 END,
  ends_at = CASE WHEN ${STANDS} THEN a.ends_at ELSE excluded.ends_at END
WHERE NOT (${STANDS}) OR a.count < $3
RETURNING ends_at::float8`,
  endOf: 'SELECT ends_at::float8 FROM counterfoil_attempts WHERE rule = $1 AND subject = $2',
  giveBack: `
WITH less AS (UPDATE counterfoil_attempts SET count = count - 1
  WHERE rule = $1 AND subject = $2 AND ends_at = $3 AND count > 1 RETURNING 1)
DELETE FROM counterfoil_attempts
WHERE rule = $1 AND subject = $2 AND ends_at = $3 AND count <= 1 AND NOT EXISTS (SELECT 1 FROM less)`,
  tidyAttempts: `
DELETE FROM counterfoil_attempts WHERE (rule, subject) IN (
  SELECT rule, subject FROM counterfoil_attempts WHERE ends_at <= $1 ORDER BY ends_at LIMIT ${TIDY_STEP}
  FOR UPDATE SKIP LOCKED)`,
  knows: 'SELECT 1 FROM counterfoil_familiar_addresses WHERE account = $1 AND place = $2 AND $3 < expires_at',
  // Whoever remembers for one account waits for the others: what is let go of is decided with what they wrote.
  hold: 'SELECT pg_advisory_xact_lock(1128679497, hashtext($1))',
  remember: `
INSERT INTO counterfoil_familiar_addresses (account, place, expires_at, remembered)
VALUES ($1, $2, $3, (SELECT coalesce(max(remembered), 0) + 1 FROM counterfoil_familiar_addresses WHERE account = $1))
ON CONFLICT (account, place) DO UPDATE SET expires_at = excluded.expires_at, remembered = excluded.remembered`,
  letGo: `
DELETE FROM counterfoil_familiar_addresses WHERE account = $1 AND place NOT IN (
  SELECT place FROM counterfoil_familiar_addresses WHERE account = $1
  ORDER BY remembered DESC LIMIT ${FAMILIAR_GROUPS_PER_ACCOUNT})`,
  tidyAddresses: `
DELETE FROM counterfoil_familiar_addresses WHERE (account, place) IN (
  SELECT account, place FROM counterfoil_familiar_addresses WHERE expires_at <= $1 ORDER BY expires_at LIMIT ${TIDY_STEP}
  FOR UPDATE SKIP LOCKED)`,
} as const

/** A window ends between a refusal and the look when that was; the next round meets none, or another. */
const MOST_ROUNDS = 5

/** Runs several statements as one transaction. */
export type Transact = <Result>(act: (ask: Ask) => Promise<Result>) => Promise<Result>

/** The counts of attempts in PostgreSQL. */
export function createAttemptCounters(ask: Ask): AttemptCounters {
  return {
    async take({ name, attempts, windowMs }, subject, now) {
      if (attempts < 1) return { taken: false, retryAfterMs: windowMs }
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const [taken] = await ask(THROTTLE_TEXTS.take, [name, subject, attempts, now, windowMs])
        if (taken !== undefined) {
          await ask(THROTTLE_TEXTS.tidyAttempts, [now])
          return { taken: true, windowEndsAt: Number(taken[0]) }
        }
        const [end] = await ask(THROTTLE_TEXTS.endOf, [name, subject])
        if (end !== undefined && Number(end[0]) > now) return { taken: false, retryAfterMs: Number(end[0]) - now }
      }
      return { taken: false, retryAfterMs: windowMs }
    },
    async giveBack({ name }, subject, windowEndsAt) {
      await ask(THROTTLE_TEXTS.giveBack, [name, subject, windowEndsAt])
    },
  }
}

/** Familiar addresses in PostgreSQL. */
export function createFamiliarAddresses(ask: Ask, transact: Transact): FamiliarAddresses {
  // Only the caller knows what time it is; that it was later than this when something is remembered, is enough for tidying.
  let lastAskedAt = 0
  return {
    async knows(account, group, now) {
      lastAskedAt = now
      return (await ask(THROTTLE_TEXTS.knows, [account, group, now])).length > 0
    },
    async remember(account, group, until) {
      await transact(async (asking) => {
        await asking(THROTTLE_TEXTS.hold, [account])
        await asking(THROTTLE_TEXTS.remember, [account, group, until])
        await asking(THROTTLE_TEXTS.letGo, [account])
      })
      await ask(THROTTLE_TEXTS.tidyAddresses, [lastAskedAt])
    },
  }
}
