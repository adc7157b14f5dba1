import type { AccountId, ApplicationId, SessionId, StoredStrategy } from '@counterfoil/protocol'
import type { Session, Use } from '../../sessions/session.ts'

/** No row. */
export const NOWHERE = -1

const ROWS_PER_PAGE = 256

const NUMBERS = {
  generation: 0,
  floor: 1,
  accountGeneration: 2,
  applicationGeneration: 3,
  rotatedAt: 4,
  startedAt: 5,
  authenticatedAt: 6,
  seenAt: 7,
  idleExpiresAt: 8,
  expiresAt: 9,
  older: 10,
  newer: 11,
} as const
const NUMBERS_PER_ROW = 12

const TEXTS = {
  id: 0,
  accountId: 1,
  applicationId: 2,
  strategy: 3,
  rotatedAddress: 4,
  rotatedUserAgent: 5,
  startedAddress: 6,
  startedUserAgent: 7,
  deviceLabel: 8,
  keyThumbprint: 9,
} as const
const TEXTS_PER_ROW = 10

interface Page {
  readonly numbers: Float64Array
  readonly texts: (string | undefined)[]
}

/**
 * Sessions in columns, which take less than half the room of objects. What goes in and comes out is copied by that: there
 * is nothing here that a caller could hold on to. Each row has two links to other rows, for whoever keeps lists.
 */
export class SessionRows {
  readonly #pages: Page[] = []
  #free = NOWHERE
  #taken = 0

  add(session: Session): number {
    const row = this.#free === NOWHERE ? this.#taken++ : this.#free
    if (row === this.#free) this.#free = this.link(row, 'older')
    if (row === this.#pages.length * ROWS_PER_PAGE) {
      const texts = Array.from<undefined>({ length: ROWS_PER_PAGE * TEXTS_PER_ROW })
      this.#pages.push({ numbers: new Float64Array(ROWS_PER_PAGE * NUMBERS_PER_ROW), texts })
    }
    this.write(row, session)
    return row
  }

  free(row: number): void {
    const { texts } = this.#page(row)
    const from = (row % ROWS_PER_PAGE) * TEXTS_PER_ROW
    texts.fill(undefined, from, from + TEXTS_PER_ROW)
    this.setLink(row, 'older', this.#free)
    this.#free = row
  }

  link(row: number, to: 'older' | 'newer'): number {
    return this.#number(row, to)
  }

  setLink(row: number, to: 'older' | 'newer', linked: number): void {
    this.#page(row).numbers[(row % ROWS_PER_PAGE) * NUMBERS_PER_ROW + NUMBERS[to]] = linked
  }

  accountOf(row: number): AccountId {
    return this.#text(row, 'accountId') as AccountId
  }

  endsAt(row: number): number {
    return Math.min(this.#number(row, 'idleExpiresAt'), this.#number(row, 'expiresAt'))
  }

  read(row: number): Session {
    return {
      id: this.#text(row, 'id') as SessionId,
      accountId: this.accountOf(row),
      applicationId: this.#text(row, 'applicationId') as ApplicationId,
      strategy: this.#text(row, 'strategy') as StoredStrategy,
      generation: this.#number(row, 'generation'),
      floor: this.#number(row, 'floor'),
      rotated: this.#use(row, 'rotated'),
      accountGeneration: this.#number(row, 'accountGeneration'),
      applicationGeneration: this.#number(row, 'applicationGeneration'),
      authenticatedAt: this.#number(row, 'authenticatedAt'),
      started: this.#use(row, 'started'),
      seenAt: this.#number(row, 'seenAt'),
      idleExpiresAt: this.#number(row, 'idleExpiresAt'),
      expiresAt: this.#number(row, 'expiresAt'),
      deviceLabel: this.#text(row, 'deviceLabel'),
      keyThumbprint: this.#text(row, 'keyThumbprint'),
    }
  }

  write(row: number, session: Session): void {
    const { rotated, started, authenticatedAt, seenAt, idleExpiresAt, expiresAt } = session
    const { generation, floor, accountGeneration, applicationGeneration } = session
    const generations = [generation, floor, accountGeneration, applicationGeneration]
    const instants = [rotated.at, started.at, authenticatedAt, seenAt, idleExpiresAt, expiresAt]
    this.#page(row).numbers.set([...generations, ...instants], (row % ROWS_PER_PAGE) * NUMBERS_PER_ROW)
    this.#writeTexts(row, session)
  }

  #writeTexts(row: number, session: Session): void {
    const { id, accountId, applicationId, strategy, rotated, started, deviceLabel, keyThumbprint } = session
    const { texts } = this.#page(row)
    const address = oneText(started.address, rotated.address)
    const userAgent = oneText(started.userAgent, rotated.userAgent)
    const from = (row % ROWS_PER_PAGE) * TEXTS_PER_ROW
    const names = [id, accountId, applicationId, strategy]
    const uses = [address, userAgent, started.address, started.userAgent]
    ;[...names, ...uses, deviceLabel, keyThumbprint].forEach((text, column) => (texts[from + column] = text))
  }

  #use(row: number, of: 'rotated' | 'started'): Use {
    const at = this.#number(row, `${of}At`)
    return { at, address: this.#text(row, `${of}Address`), userAgent: this.#text(row, `${of}UserAgent`) }
  }

  #number(row: number, column: keyof typeof NUMBERS): number {
    return this.#page(row).numbers[(row % ROWS_PER_PAGE) * NUMBERS_PER_ROW + NUMBERS[column]] ?? NOWHERE
  }

  #text(row: number, column: keyof typeof TEXTS): string | undefined {
    return this.#page(row).texts[(row % ROWS_PER_PAGE) * TEXTS_PER_ROW + TEXTS[column]]
  }

  #page(row: number): Page {
    const page = this.#pages[Math.floor(row / ROWS_PER_PAGE)]
    if (page === undefined) throw new RangeError(`there is no row ${row}`)
    return page
  }
}

/** Each request brings texts of its own; where they say the same, one of them is kept. */
function oneText(held: string | undefined, given: string | undefined): string | undefined {
  return held === given ? held : given
}
