import { ask, NOTHING, type Message } from './ask.ts'
import type { Device } from './device.ts'
import type { Dice } from './dice.ts'
import type { Call, Recorder } from './history.ts'
import type { Verifiers } from './verifiers.ts'

/** Who calls, whom, and where it is written down. */
export interface CallerParts {
  readonly name: string
  /** Of the nodes. There are no sticky sessions: each call goes to any of them. */
  readonly urls: readonly string[]
  /** The origin of the issuer's pages. */
  readonly origin: string
  readonly verifiers: Verifiers
  readonly recorder: Recorder
  readonly dice: Dice
}

/** What is known of a call before it is made. */
export type About = Partial<
  Pick<Call, 'session' | 'presented' | 'isLatest' | 'everywhere' | 'keeps' | 'password' | 'value'>
>

/** A call as it was written down, and the body of its answer. */
export interface Called {
  readonly call: Call
  readonly body: Readonly<Record<string, unknown>>
}

/** Makes calls, and writes each of them down. */
export class Caller {
  readonly #parts: CallerParts

  constructor(parts: CallerParts) {
    this.#parts = parts
  }

  /** Every node, by its place. */
  get nodes(): readonly number[] {
    return [...this.#parts.urls.keys()]
  }

  /** Calls the node at this place, or any. */
  async call(kind: Call['kind'], message: Message, about: About, at = this.#anyNode()): Promise<Called> {
    const { name, urls, origin, recorder } = this.#parts
    const startedAt = performance.now()
    const { answer, body } = await ask(urls[at] ?? '', origin, message).catch(() => NOTHING)
    const value = kind === 'read' ? Number(body['value'] ?? 0) : about.value
    const session = about.session ?? idIn(body['session'])
    const when = { startedAt, endedAt: performance.now() }
    const call: Call = { kind, user: name, node: at, ...when, answer, ...about, session, value }
    recorder.add(call)
    return { call, body }
  }

  /** Shows the access token of a device to every verifier, or to any. */
  async verify({ session, accessToken }: Device, which: 'any' | 'every' = 'any'): Promise<void> {
    const { name, verifiers, recorder, dice } = this.#parts
    if (accessToken === undefined) return
    const places = which === 'every' ? Array.from({ length: verifiers.count }).keys() : [dice.below(verifiers.count)]
    for (const node of places) {
      const startedAt = performance.now()
      const answer = await verifiers.ask(node, accessToken)
      const when = { startedAt, endedAt: performance.now() }
      recorder.add({
        kind: 'verify',
        user: name,
        node,
        ...when,
        answer,
        session,
        presented: accessToken,
        isLatest: true,
      })
    }
  }

  #anyNode(): number {
    return this.#parts.dice.below(this.#parts.urls.length)
  }
}

function idIn(session: unknown): string | undefined {
  if (typeof session !== 'object' || session === null || !('id' in session)) return undefined
  return typeof session.id === 'string' ? session.id : undefined
}
