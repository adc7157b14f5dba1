import type { RevocationFeed } from '@counterfoil/core'
import { readPush, wireOfPush, type LogHead, type Push } from '@counterfoil/protocol'
import type { ChannelListener } from '@counterfoil/verifier/feed'

/** A push channel, seen from the node. */
interface Channel {
  readonly incarnation: string
  /** How a message is sent on its way. */
  readonly tell: Tell
  position: number
  isLive: boolean
}

/** Sends what a listener is to hear. */
export type Tell = (hear: (listener: ChannelListener) => void) => void

/** The push channels of one node, which do over the simulated network what the server does over HTTP. */
export class Channels {
  readonly #feed: RevocationFeed
  readonly #open = new Set<Channel>()

  constructor(feed: RevocationFeed) {
    this.#feed = feed
    feed.subscribe({
      records: (push) => this.#push(push),
      renew: () => this.#open.forEach(({ tell }) => tell((listener) => listener.renew())),
      resync: () => this.#open.forEach((channel) => this.#resync(channel)),
    })
  }

  /** Opens a channel after a place in the log; what is returned closes it. */
  open({ incarnation, position }: LogHead, tell: Tell): () => void {
    const channel: Channel = { incarnation, position, tell, isLive: false }
    this.#open.add(channel)
    tell((listener) => listener.opened())
    this.#catchUp(channel)
    return () => void this.#open.delete(channel)
  }

  beat(): void {
    for (const { tell } of this.#open) tell(() => undefined)
  }

  /** The process has died: the other side learns of it by what its kernel says. */
  closeAll(): void {
    for (const { tell } of this.#open) tell((listener) => listener.closed('the node is gone'))
    this.#open.clear()
  }

  #push(push: Push): void {
    for (const channel of this.#open) {
      if (!channel.isLive) continue
      if (channel.position === push.after) {
        channel.position = push.head.position
        sendPush(channel, push)
      } else if (channel.position < push.head.position) this.#catchUp(channel)
    }
  }

  #catchUp(channel: Channel): void {
    channel.isLive = false
    this.#replay(channel).catch(() => this.#end(channel))
  }

  async #replay(channel: Channel): Promise<void> {
    while (this.#open.has(channel)) {
      const { incarnation, position } = channel
      const push = await this.#feed.replay({ incarnation, position })
      if (push === 'resync') return this.#resync(channel)
      if (push.records.length === 0) {
        channel.isLive = true
        return
      }
      channel.position = push.head.position
      sendPush(channel, push)
    }
  }

  #resync(channel: Channel): void {
    channel.tell((listener) => listener.pushed(undefined))
    this.#end(channel)
  }

  #end(channel: Channel): void {
    this.#open.delete(channel)
    channel.tell((listener) => listener.closed('the push channel ended'))
  }
}

function sendPush({ tell }: Channel, push: Push): void {
  const sent = readPush(wireOfPush(push))
  tell((listener) => listener.pushed(sent))
}
