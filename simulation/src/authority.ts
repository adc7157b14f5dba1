import { generationCut, raiseGeneration } from '@counterfoil/core'
import type { AccountId, ApplicationId, KeyId, NewRevocation, SessionId } from '@counterfoil/protocol'
import type { SharedLog } from './log.ts'
import type { Random } from './random.ts'
import type { Ending, SimAccount, SimClient, SimKey, SimSession, SimToken } from './truth.ts'

const ACCOUNTS = 5
const CLIENTS = 3
const BEGUN: SimAccount['generations'] = { generation: 0, kept: undefined }

/** What the nodes share besides the log, changed in the same step as it; and what is true of every token. */
export class Authority {
  readonly sessions: SimSession[] = []
  readonly tokens: SimToken[] = []
  readonly endings: Ending[] = []
  readonly #random: Random
  readonly #accounts: SimAccount[]
  readonly #clients: SimClient[]
  #key: SimKey
  #keys = 1

  constructor(random: Random) {
    this.#random = random
    this.#accounts = Array.from({ length: ACCOUNTS }, () => ({ id: random.id() as AccountId, generations: BEGUN }))
    this.#clients = Array.from({ length: CLIENTS }, (_, at) => ({
      id: `client-${String(at)}` as ApplicationId,
      generation: 0,
    }))
    this.#key = { id: 'key-1' as KeyId, endings: [] }
  }

  /** The key that signs now. */
  get key(): SimKey {
    return this.#key
  }

  openSession(): void {
    const account = this.#random.pick(this.#accounts)
    const client = this.#random.pick(this.#clients)
    if (account === undefined || client === undefined) return
    this.sessions.push({
      id: this.#random.id() as SessionId,
      account,
      client,
      accountGeneration: account.generations.generation,
      clientGeneration: client.generation,
      endings: [],
      isGone: false,
    })
  }

  /** Whether the authority takes a session for live. */
  stands({ id, account, client, accountGeneration, clientGeneration, endings, isGone }: SimSession): boolean {
    if (isGone) return false
    if (accountGeneration < generationCut(account.generations, id) || clientGeneration < client.generation) return false
    return endings.every(({ isLost }) => isLost)
  }

  /** Ends something that is live, and appends the record of it, in one step. Undefined when there is nothing to end. */
  revoke(log: SharedLog, now: number, at: number): Ending | undefined {
    const record = this.#drawRecord(at)
    if (record === undefined) return undefined
    const covered = this.#targetsOf(record)
    const ending = { committedAt: now, place: log.commit(record), record, isLost: false, obeyedAt: Infinity }
    for (const { endings } of covered) endings.push(ending)
    this.endings.push(ending)
    this.#take(record)
    return ending
  }

  /** The log has lost everything after this position, and with it all that was changed in the same steps. */
  lose(after: number): number {
    let lost = 0
    for (const ending of this.endings) {
      if (ending.isLost || ending.place.position <= after) continue
      ending.isLost = true
      lost++
    }
    for (const account of this.#accounts) account.generations = BEGUN
    for (const client of this.#clients) client.generation = 0
    for (const { isLost, record } of this.endings) if (!isLost) this.#take(record)
    for (const session of this.sessions) {
      const { account, client, accountGeneration, clientGeneration } = session
      const isAhead = accountGeneration > account.generations.generation || clientGeneration > client.generation
      if (isAhead) session.isGone = true
    }
    return lost
  }

  /** Whether the log has lost a record about this account or this client. */
  hasLost({ id }: SimAccount, client: SimClient): boolean {
    return this.endings.some(({ isLost, record }) => {
      if (!isLost) return false
      return record.kind === 'account'
        ? record.accountId === id
        : record.kind === 'client' && record.applicationId === client.id
    })
  }

  #drawRecord(at: number): NewRevocation | undefined {
    const random = this.#random
    const live = this.sessions.filter((each) => this.stands(each))
    const session = random.pick(live.slice(-12))
    if (session === undefined) return undefined
    const dice = random.next()
    if (dice < 0.5) return { kind: 'session', sessionId: session.id, at }
    if (dice < 0.85) {
      const { account, id } = session
      const generation = account.generations.generation + 1
      return { kind: 'account', accountId: account.id, generation, keep: random.chance(0.5) ? id : undefined, at }
    }
    if (dice < 0.95)
      return { kind: 'client', applicationId: session.client.id, generation: session.client.generation + 1, at }
    return { kind: 'key', keyId: this.#key.id, at }
  }

  #targetsOf(record: NewRevocation): readonly { readonly endings: Ending[] }[] {
    switch (record.kind) {
      case 'session':
        return this.sessions.filter(({ id }) => id === record.sessionId)
      case 'account':
        return this.sessions.filter(
          ({ id, account, accountGeneration }) =>
            account.id === record.accountId && id !== record.keep && accountGeneration < record.generation,
        )
      case 'client':
        return this.sessions.filter(
          ({ client, clientGeneration }) => client.id === record.applicationId && clientGeneration < record.generation,
        )
      case 'key':
        return [this.#key]
      case 'changed':
        return []
    }
  }

  #take(record: NewRevocation): void {
    if (record.kind === 'account') {
      const account = this.#accounts.find(({ id }) => id === record.accountId)
      if (account !== undefined) account.generations = raiseGeneration(account.generations, record.keep)
    } else if (record.kind === 'client') {
      const client = this.#clients.find(({ id }) => id === record.applicationId)
      if (client !== undefined) client.generation = record.generation
    } else if (record.kind === 'key' && record.keyId === this.#key.id) {
      this.#keys++
      this.#key = { id: `key-${String(this.#keys)}` as KeyId, endings: [] }
    }
  }
}
