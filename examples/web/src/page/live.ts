import type { Shop } from './session.ts'

/** The server closes a socket with this when its session has ended, or its access token has expired. */
const ENDED = 4401

const PAUSE_MS = 1000

/** News of orders by WebSocket. A page cannot send headers with one, so it shows a ticket that it has fetched; with a session cookie it needs none. */
export class Live {
  readonly #shop: Shop
  readonly #show: (text: string) => void
  readonly #onNews: () => void
  #socket: WebSocket | undefined

  constructor(shop: Shop, show: (text: string) => void, onNews: () => void) {
    this.#shop = shop
    this.#show = show
    this.#onNews = onNews
  }

  /** Connects unless it is connected, or about to be. */
  async connect(): Promise<void> {
    if (this.#socket !== undefined) return
    const { api, strategy } = this.#shop
    const protocols = strategy === 'stateful' ? ['shop'] : ['shop', `ticket.${await this.#fetchTicket()}`]
    const socket = new WebSocket(`${api.replace('http', 'ws')}/live`, protocols)
    this.#socket = socket
    socket.addEventListener('open', () => this.#show('connected'))
    socket.addEventListener('message', () => this.#onNews())
    socket.addEventListener('close', ({ code }) => this.#closed(code))
  }

  async #fetchTicket(): Promise<string> {
    const response = await this.#shop.auth.fetch(`${this.#shop.api}/tickets`, { method: 'POST' })
    const { ticket } = (await response.json()) as { readonly ticket?: string }
    return ticket ?? ''
  }

  #closed(code: number): void {
    this.#socket = undefined
    this.#show(code === ENDED ? 'ended with its session (4401)' : `closed (${code})`)
    setTimeout(() => void this.#comeAgain(), PAUSE_MS)
  }

  /** An access token that has run out ends its socket too, and so does an outage: the issuer knows whether there is still a session. */
  async #comeAgain(): Promise<void> {
    const { auth } = this.#shop
    if (auth.state.status === 'signed-out') return
    try {
      await auth.session()
      await this.connect()
    } catch {
      // Whoever was signed out by the answer stays out. Where nobody could tell, it is tried again.
      setTimeout(() => void this.#comeAgain(), PAUSE_MS)
    }
  }
}
