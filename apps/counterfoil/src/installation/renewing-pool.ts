import type { PostgresConnection, PostgresPool, PostgresStatement } from '@counterfoil/store-postgres'

/** A pool that can be given up. */
export interface EndingPool extends PostgresPool {
  end(): Promise<void>
}

/**
 * A pool that is replaced when a statement gets no answer. Connections of one pool lead the same way: where the network has lost one without
 * a word, the idle ones are most likely lost too, and each would cost a statement its whole time-out until it is found out.
 */
export class RenewingPool implements PostgresPool {
  readonly #make: () => EndingPool
  readonly #isSilence: (error: unknown) => boolean
  readonly #ending = new Set<Promise<void>>()
  #pool: EndingPool

  /** `isSilence` tells whether an error means that no answer came. */
  constructor(make: () => EndingPool, isSilence: (error: unknown) => boolean) {
    this.#make = make
    this.#isSilence = isSilence
    this.#pool = make()
  }

  query(statement: PostgresStatement): ReturnType<PostgresPool['query']> {
    const pool = this.#pool
    return this.#watch(pool, pool.query(statement))
  }

  async connect(): Promise<PostgresConnection> {
    const pool = this.#pool
    const connection = await pool.connect()
    return {
      query: (statement) => this.#watch(pool, connection.query(statement)),
      release: (error) => connection.release(error),
      on: (event, listener) => connection.on(event, listener),
      off: (event, listener) => connection.off(event, listener),
    }
  }

  /** Closes what is idle, and waits for what is not. */
  async end(): Promise<void> {
    await Promise.all([this.#pool.end(), ...this.#ending])
  }

  async #watch<Answer>(pool: EndingPool, answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer
    } catch (error) {
      if (this.#isSilence(error)) this.#replace(pool)
      throw error
    }
  }

  /** Once for each pool: the statements that follow on it fail by themselves. */
  #replace(pool: EndingPool): void {
    if (pool !== this.#pool) return
    this.#pool = this.#make()
    const ending = pool.end().catch(() => undefined)
    this.#ending.add(ending)
    void ending.then(() => this.#ending.delete(ending))
  }
}
