import type { RedisCommandOptions, RedisSingleClient } from './client.ts'

/** A client whose commands wait until a test lets them go, one by one, so that two stores can be interleaved at will. */
export class SteppedClient implements RedisSingleClient {
  readonly #client: RedisSingleClient
  readonly #waiting: (() => Promise<void>)[] = []
  #isArmed = false
  #onCommand = (): void => undefined

  constructor(client: RedisSingleClient) {
    this.#client = client
  }

  get isReady(): boolean {
    return this.#client.isReady
  }

  get socketEpoch(): number {
    return this.#client.socketEpoch
  }

  destroy(): void {
    this.#client.destroy()
  }

  connect(): Promise<unknown> {
    return this.#client.connect()
  }

  /** From now on commands wait, but for those of the watch. */
  arm(): void {
    this.#isArmed = true
  }

  /** Whether a command waits, once all that can go on without it has done so. */
  async hasNext(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve))
    return this.#waiting.length > 0
  }

  /** Lets the next command go, and resolves when Redis has answered it. */
  async step(): Promise<void> {
    while (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#onCommand = resolve))
    await this.#waiting.shift()?.()
  }

  /** Lets all go. */
  free(): void {
    this.#isArmed = false
    for (const go of this.#waiting.splice(0)) void go()
  }

  sendCommand(words: string[], options?: RedisCommandOptions): Promise<unknown> {
    const send = () => this.#client.sendCommand(words, options)
    if (!this.#isArmed || isOfTheWatch(words)) return send()
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => send().then(resolve, reject))
      this.#onCommand()
    })
  }
}

/** Whether a command looks for lost writes: it has nothing to do with any verb. */
export function isOfTheWatch([name = '', , , key = '']: readonly string[]): boolean {
  return name === 'INFO' || key.includes('c:{')
}
