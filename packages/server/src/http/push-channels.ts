import type { ServerResponse } from 'node:http'
import type { RevocationFeed } from '@counterfoil/core'
import { FEED_EVENTS, wireOfPush, type LogHead, type Push } from '@counterfoil/protocol'

/** What waits to be sent on one channel at most; a reader that is slower is cut off, and starts again with a lease. */
const MOST_WAITING_BYTES = 4 * 2 ** 20

const HEARTBEAT_MS = 5000
const HEARTBEAT = Buffer.from(':\n\n')

/** Says how soon to connect again (WHATWG HTML §9.2.6), to a node that stays. */
const RECONNECT = Buffer.from('retry: 100\n\n')

interface Channel {
  readonly response: ServerResponse
  readonly incarnation: string
  /** Up to here everything has been sent. */
  position: number
  /** Whether what is new is simply sent on; else it is still being read from the log. */
  isLive: boolean
}

/** How the push channels stand. */
export interface PushFigures {
  readonly open: number
  readonly cutOff: number
}

/**
 * The push channels of all verifiers. What is new is made into bytes once, and written to each of them in one piece. They carry no part of the
 * guarantee: whatever is lost here comes with the next lease.
 */
export class PushChannels {
  readonly #feed: RevocationFeed
  readonly #channels = new Set<Channel>()
  readonly #unsubscribe: () => void
  readonly #heart: NodeJS.Timeout
  #cutOff = 0

  constructor(feed: RevocationFeed) {
    this.#feed = feed
    this.#unsubscribe = feed.subscribe({
      records: (push) => this.#push(push),
      renew: (head) =>
        this.#sendAll(frame(FEED_EVENTS.renew, { incarnation: head.incarnation, position: head.position })),
      resync: () => this.#resyncAll(),
    })
    this.#heart = setInterval(() => this.#sendAll(HEARTBEAT), HEARTBEAT_MS).unref()
  }

  figures(): PushFigures {
    return { open: this.#channels.size, cutOff: this.#cutOff }
  }

  /** Sends on this response what follows a place in the log, from now on until either side closes it. */
  open(response: ServerResponse, after: LogHead): void {
    const channel: Channel = { response, incarnation: after.incarnation, position: after.position, isLive: false }
    this.#channels.add(channel)
    response.on('close', () => this.#channels.delete(channel))
    response.on('error', () => this.#channels.delete(channel))
    response.write(HEARTBEAT)
    this.#catchUp(channel)
  }

  /** Ends all channels, with the word to connect again. */
  close(): void {
    this.#unsubscribe()
    clearInterval(this.#heart)
    for (const { response } of this.#channels) response.end(RECONNECT)
    this.#channels.clear()
  }

  #push(push: Push): void {
    const bytes = frame(FEED_EVENTS.records, wireOfPush(push))
    for (const channel of this.#channels) {
      if (!channel.isLive) continue
      if (channel.position === push.after) {
        channel.position = push.head.position
        this.#send(channel, bytes)
      } else if (channel.position < push.head.position) this.#catchUp(channel)
    }
  }

  #catchUp(channel: Channel): void {
    channel.isLive = false
    this.#replay(channel).catch(() => {
      // The log cannot be read now. The verifier hears of that where it matters, when it asks for a lease.
      channel.response.destroy()
    })
  }

  async #replay(channel: Channel): Promise<void> {
    while (this.#channels.has(channel)) {
      const { incarnation, position } = channel
      const push = await this.#feed.replay({ incarnation, position })
      if (push === 'resync') return this.#resync(channel)
      if (push.records.length === 0) {
        channel.isLive = true
        return
      }
      channel.position = push.head.position
      this.#send(channel, frame(FEED_EVENTS.records, wireOfPush(push)))
    }
  }

  #resyncAll(): void {
    for (const channel of this.#channels) this.#resync(channel)
  }

  #resync({ response }: Channel): void {
    response.end(frame(FEED_EVENTS.resync, {}))
  }

  #sendAll(bytes: Buffer): void {
    for (const channel of this.#channels) this.#send(channel, bytes)
  }

  #send(channel: Channel, bytes: Buffer): void {
    const { response } = channel
    response.write(bytes)
    if (response.writableLength <= MOST_WAITING_BYTES) return
    this.#cutOff++
    this.#channels.delete(channel)
    response.destroy()
  }
}

function frame(name: string, data: object): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}
