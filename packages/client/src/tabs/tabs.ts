import type { Channel, Environment } from '../environment.ts'
import type { SignedOutReason } from '../state.ts'
import type { WhoAmI } from '../wire.ts'

/** What a tab hands to the others, so that ten tabs need one refresh. Any script of the origin could have it from the page as well. */
export interface Shared extends WhoAmI {
  readonly token: string | undefined
  readonly scheme: 'Bearer' | 'DPoP'
  readonly lifeMs: number
  /** When the first tab took it, by the clock on the wall, which they have in common: it tells which of two is newer, however late a message comes. */
  readonly takenAt: number
  readonly skewMs: number
}

/** What tabs say to one another. */
type Message =
  | { readonly says: 'in'; readonly shared: Shared }
  | { readonly says: 'out'; readonly sessionId: string; readonly reason: SignedOutReason }
  | { readonly says: 'ask' }

/** What a tab does about it. */
export interface TabListener {
  /** Whether it is news. */
  adopt(shared: Shared): boolean
  leave(sessionId: string, reason: SignedOutReason): void
  /** What this tab could hand on. */
  offer(): Shared | undefined
}

/** How long a tab waits for what another may have; and for what another must have, because it has just been given way. */
const ASK_MS = { perhaps: 60, surely: 1000 } as const

/** The other tabs of this origin with the same client. */
export class Tabs {
  readonly #channel: Channel | undefined
  readonly #wait: Environment['wait']
  readonly #listener: TabListener
  #onAdopted: (() => void) | undefined
  /** Whether there is, or was, another tab. */
  areMany = false

  constructor({ openChannel, wait }: Environment, name: string, listener: TabListener) {
    this.#wait = wait
    this.#listener = listener
    this.#channel = openChannel?.(name)
    this.#channel?.listen((message) => this.#hear(message as Message))
  }

  share(shared: Shared): void {
    this.#post({ says: 'in', shared })
  }

  sayOut(sessionId: string, reason: SignedOutReason): void {
    this.#post({ says: 'out', sessionId, reason })
  }

  /** Asks the others for what they have, and waits a moment for it. */
  async ask(others: keyof typeof ASK_MS): Promise<void> {
    if (this.#channel === undefined) return
    const answered = new Promise<void>((resolve) => (this.#onAdopted = resolve))
    this.#post({ says: 'ask' })
    await Promise.race([answered, this.#wait(ASK_MS[others])])
  }

  close(): void {
    this.#channel?.close()
  }

  #post(message: Message): void {
    try {
      this.#channel?.post(message)
    } catch {
      // Closed.
    }
  }

  #hear(message: Message): void {
    this.areMany = true
    if (message.says === 'in') {
      if (this.#listener.adopt(message.shared)) this.#onAdopted?.()
    } else if (message.says === 'out') this.#listener.leave(message.sessionId, message.reason)
    else {
      const offered = this.#listener.offer()
      if (offered !== undefined) this.share(offered)
    }
  }
}
