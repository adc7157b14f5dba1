/** What an answer of PostgreSQL is, rows as arrays. */
export interface PostgresAnswer {
  readonly rows: readonly (readonly unknown[])[]
}

/** One statement, with what is bound to it. Never named: it may pass through a pooler that gives each one another connection. */
export interface PostgresStatement {
  text: string
  values: unknown[]
  rowMode: 'array'
}

/** A connection that was taken out of the pool. */
export interface PostgresConnection {
  query(statement: PostgresStatement): Promise<PostgresAnswer>
  /** Gives it back; with an error, it is not used again. */
  release(error?: Error | boolean): void
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
}

/** A connected pool, as `Pool` of `pg` makes it. */
export interface PostgresPool {
  query(statement: PostgresStatement): Promise<PostgresAnswer>
  connect(): Promise<PostgresConnection>
}

/** A connection of its own that hears what is notified, as `Client` of `pg` makes it; connected when it is handed over. */
export interface PostgresListener {
  query(text: string): Promise<unknown>
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown
  on(event: 'error' | 'end', listener: () => void): unknown
  end(): Promise<void>
}

/** Runs a statement anywhere. */
export type Ask = (text: string, values?: readonly unknown[]) => Promise<readonly (readonly unknown[])[]>
