/** One server-sent event. */
export interface ServerSentEvent {
  readonly name: string
  readonly data: string
}

/**
 * Takes apart a stream of server-sent events (WHATWG HTML §9.2.6), as far as the push channel uses them: names and data. What comes in pieces is
 * put together; comments are signs of life and no events.
 */
export class EventStreamReader {
  readonly #maxLength: number
  #rest = ''
  #name = ''
  #data: string[] = []
  #length = 0

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** The events that are complete with this piece. @throws {Error} when one is longer than allowed. */
  read(piece: string): ServerSentEvent[] {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    const events: ServerSentEvent[] = []
    for (const line of lines) this.#readLine(line.endsWith('\r') ? line.slice(0, -1) : line, events)
    if (this.#rest.length + this.#length > this.#maxLength) throw new Error('an event of the push channel is too long')
    return events
  }

  #readLine(line: string, events: ServerSentEvent[]): void {
    if (line === '') return this.#finish(events)
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') this.#name = value
    if (field !== 'data') return
    this.#data.push(value)
    this.#length += value.length
  }

  #finish(events: ServerSentEvent[]): void {
    if (this.#data.length > 0) events.push({ name: this.#name, data: this.#data.join('\n') })
    this.#name = ''
    this.#data = []
    this.#length = 0
  }
}
