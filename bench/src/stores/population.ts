import { drawId, systemRandom, type Session, type SessionStore } from '@counterfoil/core'
import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'

const FAR = Date.now() + 1e12

/** As long as browsers send it. */
const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'

/** Sessions that are started at once while a store is filled. */
const FILL_STEP = 1000

/** Of 128 bits in base64url. */
const ID_LENGTH = 22

/** A prime, so that every session has its turn before any has its second, and neighbours in a store are not neighbours in time. */
const STRIDE = 611_953

/** A session of an account of its own. */
function newSession(): Session {
  const use = { at: Date.now(), address: '198.51.100.217', userAgent: USER_AGENT }
  return {
    id: drawId<SessionId>(systemRandom),
    accountId: drawId<AccountId>(systemRandom),
    applicationId: 'hybrid' as ApplicationId,
    strategy: 'hybrid',
    generation: 0,
    floor: 0,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: use.at,
    started: use,
    seenAt: use.at,
    idleExpiresAt: FAR,
    expiresAt: FAR,
  }
}

/** One rotation that is due. */
export interface Due {
  readonly id: SessionId
  readonly from: number
  readonly at: { readonly now: number; readonly idleExpiresAt: number; readonly use: Session['rotated'] }
}

/** The live sessions of a store, and in which generation each of them is. */
export class Population {
  readonly #sessions: SessionStore
  /** Side by side, so that each call has a text of its own, as a request brings one, and looking it up costs the same however many there are. */
  readonly #ids: Buffer
  readonly #generations: Uint32Array
  #size = 0
  #turn = 0

  /** `capacity` is how many there can be. */
  constructor(sessions: SessionStore, capacity: number) {
    this.#sessions = sessions
    this.#ids = Buffer.alloc(capacity * ID_LENGTH)
    this.#generations = new Uint32Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  /** Some of the ids. */
  sample(count: number): SessionId[] {
    return Array.from({ length: Math.min(count, this.#size) }, (_, index) => this.#idAt(index))
  }

  async grow(count: number): Promise<void> {
    for (let done = 0; done < count; done += FILL_STEP) {
      const some = Array.from({ length: Math.min(FILL_STEP, count - done) }, newSession)
      await Promise.all(some.map((session) => this.#start(session)))
      for (const { id } of some) this.#ids.write(id, this.#size++ * ID_LENGTH, 'latin1')
    }
  }

  /** One more session that is never looked at again. */
  readonly start = (): Promise<void> => this.#start(newSession())

  readonly find = async (): Promise<void> => {
    if ((await this.#sessions.find(this.#idAt(this.#next()), Date.now())) === undefined)
      throw new Error('a session was lost')
  }

  readonly rotate = async (): Promise<void> => {
    const { id, from, at } = this.due()
    const outcome = await this.#sessions.advance(id, from, at)
    if (outcome === undefined || !('advanced' in outcome)) throw new Error('a rotation was lost')
  }

  /** The next rotation, for somebody else to carry out. */
  due(): Due {
    const index = this.#next()
    const from = this.#generations[index] ?? 0
    this.#generations[index] = from + 1
    const id = this.#idAt(index)
    const now = Date.now()
    return {
      id,
      from,
      at: { now, idleExpiresAt: FAR, use: { at: now, address: '203.0.113.9', userAgent: USER_AGENT } },
    }
  }

  async #start(session: Session): Promise<void> {
    const outcome = await this.#sessions.start(session)
    if (outcome !== 'started') throw new Error(`a session is ${outcome}`)
  }

  #idAt(index: number): SessionId {
    return this.#ids.toString('latin1', index * ID_LENGTH, (index + 1) * ID_LENGTH) as SessionId
  }

  #next(): number {
    return (this.#turn++ * STRIDE) % this.#size
  }
}
