import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from 'pg'
import { ACCOUNT_TEXTS } from './accounts.ts'
import { DATABASE_TEXTS } from './database.ts'
import { NODE_TEXTS } from './node-board.ts'
import { appendText, LOG_TEXTS, readingText } from './revocation-log.ts'
import { connectListener, startTestServer, type TestServer } from './server.fixture.ts'
import { ADVANCE, END, FIND, START, TOUCH } from './session-statements.ts'
import { SESSION_TEXTS } from './session-store.ts'
import { SPEND } from './spent-proofs.ts'
import { THROTTLE_TEXTS } from './throttling.ts'
import { AUDIT_TEXTS } from './transaction.ts'

/** What a large installation holds; the small tables stay small however many users there are. */
const FILL = [
  `INSERT INTO counterfoil_sessions SELECT md5('s' || n), md5('a' || n / 2), 'hybrid', 'hybrid', 0, 0, n, NULL, NULL, 0, 0, n, n,
     NULL, NULL, n, n + 1000000, n + 2000000, NULL, n + 1000000 FROM generate_series(1, 1000000) n`,
  `INSERT INTO counterfoil_session_floors SELECT md5('a' || n), 0 FROM generate_series(1, 100000) n`,
  `INSERT INTO counterfoil_attributes SELECT md5('s' || n), 1, '{}' FROM generate_series(1, 100000) n`,
  `INSERT INTO counterfoil_revocations SELECT n, 'session', md5('r' || n), NULL, NULL, n FROM generate_series(1, 300000) n`,
  `UPDATE counterfoil_installation SET head = 300000`,
  `INSERT INTO counterfoil_accounts SELECT md5('a' || n), n || '@example.com', n || '@example.com', NULL, '', '[]', 0, NULL, NULL,
     false, n FROM generate_series(1, 100000) n`,
  `INSERT INTO counterfoil_erased_accounts SELECT md5('e' || n) FROM generate_series(1, 100000) n`,
  `INSERT INTO counterfoil_audit (at, kind, session_id) SELECT n, 'session.started', md5('s' || n) FROM generate_series(1, 300000) n`,
  `INSERT INTO counterfoil_attempts SELECT 'sign-in pair', md5('t' || n), 1, n FROM generate_series(1, 100000) n`,
  `INSERT INTO counterfoil_familiar_addresses SELECT md5('f' || n / 4), md5('p' || n), n, n FROM generate_series(1, 100000) n`,
  `INSERT INTO counterfoil_spent_proofs SELECT md5('d' || n), n FROM generate_series(1, 100000) n`,
  'ANALYZE',
]

/** Tables that stay small: applications, keys, nodes. */
const SMALL = /counterfoil_(installation|applications|keys|marks|node_reports|schema)/

const STATEMENTS: Readonly<Record<string, string>> = {
  find: FIND.text,
  start: START.text,
  advance: ADVANCE.text,
  touch: TOUCH.text,
  end: END.text,
  spend: SPEND.text,
  append: appendText({ present: "''" }),
  read: readingText({ present: "''" }),
  ...named('session', SESSION_TEXTS),
  ...named('log', LOG_TEXTS),
  ...named('account', ACCOUNT_TEXTS),
  ...named('database', DATABASE_TEXTS),
  ...named('audit', AUDIT_TEXTS),
  ...named('node', NODE_TEXTS),
  ...named('throttle', THROTTLE_TEXTS),
}

function named(prefix: string, texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${prefix} ${name}`, text]))
}

let test: TestServer
let client: Client

beforeAll(async () => {
  test = await startTestServer()
  client = await connectListener(await test.newDatabase())
  for (const statement of FILL) await client.query(statement)
}, 120_000)

afterAll(async () => {
  await client.end()
  await test.close()
})

describe('with a million sessions', () => {
  it.each(Object.entries(STATEMENTS).filter(([, text]) => !text.startsWith('LOCK')))(
    'the statement "%s" finds what it wants by an index',
    async (_, text) => {
      // As PostgreSQL plans it when it does not look at the values.
      await client.query('SET plan_cache_mode = force_generic_plan')
      await client.query(`PREPARE plan AS ${text}`)
      const count = Number(
        (await client.query(`SELECT cardinality(parameter_types) AS n FROM pg_prepared_statements`)).rows[0]?.n,
      )
      const values = Array.from({ length: count }, () => 'NULL').join(', ')
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN EXECUTE plan${count === 0 ? '' : `(${values})`}`,
      )
      await client.query('DEALLOCATE plan')
      const scans = rows.map((row) => row['QUERY PLAN']).filter((line) => line.includes('Seq Scan on counterfoil_'))
      expect(scans.filter((line) => !SMALL.test(line))).toEqual([])
    },
  )
})
