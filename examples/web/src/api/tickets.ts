import { randomBytes } from 'node:crypto'

/** How long a ticket waits for its socket. */
const LIFE_MS = 10_000

/** What a page shows where it cannot send a header: drawn at random, good once and for seconds (ASVS 4.4.3, 4.4.4). */
export class Tickets<Holder> {
  readonly #waiting = new Map<string, Holder>()

  issue(holder: Holder): string {
    const ticket = randomBytes(16).toString('base64url')
    this.#waiting.set(ticket, holder)
    setTimeout(() => this.#waiting.delete(ticket), LIFE_MS).unref()
    return ticket
  }

  /** Who holds it; undefined: nobody, or no longer. */
  redeem(ticket: string): Holder | undefined {
    const holder = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    return holder
  }
}
