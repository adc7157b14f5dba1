import type { Socket } from 'node:net'

/**
 * How a proxy treats what goes through it: `open` passes everything. `cut` ends all connections, and every new one at once. `black-hole` takes everything,
 * also new connections, and passes nothing. `deaf` does so with what comes from the clients, `mute` with what is on its way to them.
 */
export type Passage = 'open' | 'cut' | 'black-hole' | 'deaf' | 'mute'

/** One connection through a proxy: what comes from the client, and what is on its way to it. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #target: Socket
  readonly #requests: Direction
  readonly #answers: Direction
  #isStranded = false

  constructor(client: Socket, target: Socket) {
    this.#client = client
    this.#target = target
    this.#requests = new Direction(client, target)
    this.#answers = new Direction(target, client)
  }

  onEnd(tell: () => void): void {
    this.#client.once('close', tell)
  }

  pass(passage: Passage): void {
    if (passage === 'cut') return this.end()
    if (this.#isStranded) return
    this.#requests.hold(passage === 'black-hole' || passage === 'deaf')
    this.#answers.hold(passage === 'black-hole' || passage === 'mute')
  }

  /** For good: nothing passes any more, not even that one side has hung up. */
  strand(): void {
    this.#isStranded = true
    this.#requests.strand()
    this.#answers.strand()
  }

  slow(delayMs: number, bytesPerSecond: number): void {
    this.#requests.slow(delayMs, bytesPerSecond)
    this.#answers.slow(delayMs, bytesPerSecond)
  }

  end(): void {
    this.#client.destroy()
    this.#target.destroy()
  }
}

/** One of the two ways of a connection. Chunks are passed on in their order, also when it gets faster. */
class Direction {
  readonly #from: Socket
  readonly #to: Socket
  #delayMs = 0
  #bytesPerSecond = Infinity
  #isStranded = false
  #freeAt = 0
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    from.setNoDelay(true)
    from.on('data', (chunk) => this.#take(chunk))
    from.on('error', () => undefined)
    from.on('close', () => this.#hangUp())
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#from.pause()
    else this.#from.resume()
  }

  strand(): void {
    this.#isStranded = true
    this.#from.pause()
  }

  slow(delayMs: number, bytesPerSecond: number): void {
    this.#delayMs = delayMs
    this.#bytesPerSecond = bytesPerSecond
  }

  #take(chunk: Buffer): void {
    const now = performance.now()
    const passedAt = Math.max(now, this.#freeAt) + (chunk.length / this.#bytesPerSecond) * 1000
    this.#freeAt = passedAt
    const dueInMs = passedAt - now + this.#delayMs
    if (dueInMs <= 0 && this.#waiting === 0) return void this.#to.write(chunk)
    this.#waiting++
    // One that is due earlier than the one before waits for it.
    this.#last = Promise.all([this.#last, pause(dueInMs)]).then(() => {
      this.#waiting--
      if (!this.#isStranded) this.#to.write(chunk)
    })
  }

  #hangUp(): void {
    if (!this.#isStranded) this.#to.destroy()
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
