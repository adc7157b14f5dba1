import { NearCache, type FoundSession, type OwnLease, type Session } from '@counterfoil/core'
import type { Authority } from './authority.ts'
import type { Checks } from './checks.ts'
import type { SharedLog } from './log.ts'
import type { Machine } from './machine.ts'
import type { SimSession } from './truth.ts'
import type { World } from './world.ts'

/** What a node's sessions are made of. */
export interface NodeSessionsParts {
  readonly machine: Machine
  readonly log: SharedLog
  readonly authority: Authority
  readonly checks: Checks
  readonly world: World
  readonly lease: OwnLease
}

/** Few enough that some are let go of. */
const CAPACITY = 16

/** Requests with session tokens at one node: a production cache over the sessions that the nodes share. */
export class NodeSessions {
  readonly #parts: NodeSessionsParts
  readonly #near: NearCache

  constructor(parts: NodeSessionsParts) {
    const { machine, lease } = parts
    this.#parts = parts
    const clock = { now: () => machine.wall(), monotonic: () => machine.monotonic() }
    this.#near = new NearCache({ lease, clock, capacity: CAPACITY })
  }

  /** Decides about a request, and says so. */
  decide(session: SimSession): void {
    const { machine, world, checks } = this.#parts
    const { life } = machine
    const startedAt = world.now
    let isRead = false
    const read = async (): Promise<FoundSession | undefined> => {
      isRead = true
      return this.#read(session)
    }
    this.#near.find(session.id, machine.wall(), read).then(
      (found) => {
        if (machine.life !== life || found === undefined) return
        const from = isRead ? 'the store' : 'memory'
        world.say(() => `${machine.name} serves session ${session.id.slice(0, 4)} from ${from}`)
        checks.served({ machine, session, startedAt, isRead })
      },
      () => machine.life === life && checks.couldNotServe(machine, startedAt),
    )
  }

  #read(session: SimSession): Promise<FoundSession | undefined> {
    const { authority, log, machine, lease } = this.#parts
    const position = lease.position()
    return log.operate(machine, () => (authority.stands(session) ? { ...foundOf(session, position) } : undefined))
  }
}

function foundOf(session: SimSession, position: FoundSession['standing']['position']): FoundSession {
  const { id, account, client, accountGeneration, clientGeneration: applicationGeneration } = session
  const use = { at: 0 }
  const stored: Session = {
    id,
    accountId: account.id,
    applicationId: client.id,
    strategy: 'stateful',
    generation: 0,
    floor: 0,
    rotated: use,
    accountGeneration,
    applicationGeneration,
    authenticatedAt: 0,
    started: use,
    seenAt: 0,
    idleExpiresAt: Infinity,
    expiresAt: Infinity,
  }
  const owner = { email: '', passwordHash: '', roles: [], createdAt: 0, disabled: false }
  const lists = { audience: [], origins: [], redirectUris: [] }
  const settings = { name: '', strategy: 'stateful', transport: 'body', lifetimes: {}, ...lists } as const
  return {
    session: stored,
    standing: {
      account: { ...owner, id: account.id, ...account.generations },
      application: { ...settings, id: client.id, generation: client.generation },
      position,
    },
  }
}
