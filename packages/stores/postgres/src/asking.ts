import type { Ask, PostgresConnection, PostgresPool } from './client.ts'
import { failureOf, isConflict } from './failure.ts'

/** A statement that met others is sent again so often. */
const MOST_TRIES = 5

/** Asks on any connection of the pool: each statement is a transaction of its own. @throws {StoreUnavailable} */
export function askPool(pool: PostgresPool): Ask {
  return (text, values = []) => retry(async () => (await pool.query(statementOf(text, values))).rows)
}

/**
 * Runs several statements as one transaction: all of it or nothing. It may be run more than once, as long as nothing came of it.
 *
 * @throws {StoreUnavailable}
 */
export function transact<Result>(pool: PostgresPool, act: (ask: Ask) => Promise<Result>): Promise<Result> {
  return retry(() => transactOnce(pool, act))
}

/** The same once, with what goes wrong as the driver says it. */
export async function transactOnce<Result>(pool: PostgresPool, act: (ask: Ask) => Promise<Result>): Promise<Result> {
  const connection = await takeConnection(pool)
  let failure: Error | undefined
  try {
    const ask = askOn(connection)
    await ask('BEGIN')
    const result = await act(ask)
    await ask('COMMIT')
    return result
  } catch (error) {
    failure = await rollBack(connection)
    throw error
  } finally {
    giveBack(connection, failure)
  }
}

/**
 * Takes a connection out of the pool. A pool listens for the end of those that it holds; of one that was taken out, nobody would hear it but the
 * process, which ends of it. The statement that is under way fails by itself.
 */
export async function takeConnection(pool: PostgresPool): Promise<PostgresConnection> {
  const connection = await pool.connect()
  connection.on('error', hear)
  return connection
}

/** Gives it back; with a failure, it is not used again. */
export function giveBack(connection: PostgresConnection, failure?: Error): void {
  connection.off('error', hear)
  connection.release(failure)
}

function hear(): void {}

function askOn(connection: PostgresConnection): Ask {
  return async (text, values = []) => (await connection.query(statementOf(text, values))).rows
}

/** A connection that cannot even roll back is not given back. */
async function rollBack(connection: PostgresConnection): Promise<Error | undefined> {
  try {
    await askOn(connection)('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error('the connection is gone')
  }
}

function statementOf(text: string, values: readonly unknown[]): { text: string; values: unknown[]; rowMode: 'array' } {
  return { text, values: [...values], rowMode: 'array' }
}

async function retry<Result>(act: () => Promise<Result>): Promise<Result> {
  for (let round = 1; ; round++) {
    try {
      return await act()
    } catch (error) {
      if (!isConflict(error) || round === MOST_TRIES) throw failureOf(error)
    }
  }
}
