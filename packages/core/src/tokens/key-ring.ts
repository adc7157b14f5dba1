import type { KeyObject } from 'node:crypto'
import type { KeyId, LogHead, SigningAlgorithm } from '@counterfoil/protocol'
import type { NewAuditEvent } from '../audit.ts'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import type { Database } from '../stores/database.ts'
import { decideKeyUpkeep, earliestTurn, keysInTurn, signerAt, type KeyTimes } from './key-schedule.ts'
import { makeJwtKey, makeOpaqueKey, openKey } from './making-keys.ts'
import type { Sealing } from './sealing.ts'
import type { KeyPurpose, StoredKey } from './stored-key.ts'

/** A public key as RFC 7517 has it, with the one algorithm that it is for. */
export interface PublicJwk {
  readonly kty: string
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly use: 'sig'
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

/** A key of this installation, opened. */
export interface OpenedKey extends StoredKey {
  readonly privateKey: KeyObject
}

/** What the key ring is made of. */
export interface KeyRingParts {
  readonly database: Database
  readonly sealing: Sealing
  readonly clock: Clock
  readonly random: Random
  /** What new JWT keys are made for. */
  readonly signingAlgorithm: SigningAlgorithm
  readonly times: () => Promise<Readonly<Record<KeyPurpose, KeyTimes>>>
}

const PURPOSES = ['jwt', 'opaque'] as const satisfies readonly KeyPurpose[]

/** The keys of this installation in memory, kept as the database has them. */
export class KeyRing {
  readonly #parts: KeyRingParts
  #keys: Readonly<Record<KeyPurpose, readonly OpenedKey[]>> = { jwt: [], opaque: [] }
  #publicKeys: readonly PublicJwk[] = []

  constructor(parts: KeyRingParts) {
    this.#parts = parts
  }

  /** The key of this purpose that signs at this instant. */
  signerAt(purpose: KeyPurpose, instant: number): OpenedKey {
    const inTurn = this.#keys[purpose]
    const signer = signerAt(inTurn, instant) ?? inTurn[0]
    if (signer === undefined) throw new Error('the key ring is used before its first upkeep')
    return signer
  }

  /** The opaque-token key with this number. */
  opaqueKey(number: number): OpenedKey | undefined {
    return this.#keys.opaque.find((key) => key.number === number)
  }

  /** All JWT keys, the next one included. A new array whenever they change. */
  publicKeys(): readonly PublicJwk[] {
    return this.#publicKeys
  }

  /** Reads the keys, and does what is due for them. @throws {WrongSecret} when the secret does not open them. */
  async upkeep(): Promise<void> {
    await this.#reload()
    let changed = false
    for (const purpose of PURPOSES) changed = (await this.#keepUp(purpose)) || changed
    if (changed) await this.#reload()
    // A first key has just been made, and wants a next one beside it.
    if (PURPOSES.some((purpose) => this.#keys[purpose].length === 1)) await this.upkeep()
  }

  /** Lets the next JWT key sign as soon as everybody can know it; from when on that is. */
  async rotate(): Promise<number> {
    await this.upkeep()
    const now = this.#parts.clock.now()
    const next = this.#keys.jwt.find((key) => key.activeAt > now)
    if (next === undefined) throw new Error('there is no next key after upkeep')
    const turn = Math.min(next.activeAt, earliestTurn(next.createdAt, now, (await this.#parts.times()).jwt))
    const audit: NewAuditEvent = { at: now, kind: 'key.scheduled', detail: { key: next.id, activeAt: turn } }
    if (turn < next.activeAt) await this.#parts.database.scheduleKey(next.id, next.activeAt, turn, audit)
    await this.upkeep()
    return turn
  }

  /**
   * Takes a key out of use at once, with all that it signed: for one that may have been stolen. The next one signs, before its turn if
   * need be. Undefined when there is no such JWT key.
   */
  async kill(id: KeyId): Promise<LogHead | undefined> {
    await this.upkeep()
    if (!this.#keys.jwt.some((key) => key.id === id)) return undefined
    const { database, clock } = this.#parts
    const now = clock.now()
    const head = await database.killKey(id, now, { at: now, kind: 'key.killed', detail: { key: id } })
    await this.upkeep()
    return head
  }

  async #keepUp(purpose: KeyPurpose): Promise<boolean> {
    const { database, clock } = this.#parts
    const now = clock.now()
    const times = await this.#parts.times()
    const inTurn = this.#keys[purpose]
    const { callIn, addAt, remove } = decideKeyUpkeep(inTurn, now, times[purpose])
    if (callIn !== undefined) {
      const audit: NewAuditEvent = { at: now, kind: 'key.scheduled', detail: { key: callIn.id, activeAt: now } }
      await database.scheduleKey(callIn.id, callIn.activeAt, now, audit)
    }
    for (const id of remove) await database.removeKey(id, { at: now, kind: 'key.removed', detail: { key: id } })
    if (addAt !== undefined) {
      const key = await this.#make(purpose, { createdAt: now, activeAt: addAt })
      const audit: NewAuditEvent = { at: now, kind: 'key.added', detail: { key: key.id, purpose, activeAt: addAt } }
      // Another node may have been faster; its key is as good.
      await database.addKeys(purpose, inTurn.at(-1)?.id, [key], audit)
    }
    return callIn !== undefined || addAt !== undefined || remove.length > 0
  }

  #make(purpose: KeyPurpose, turn: { createdAt: number; activeAt: number }): Promise<StoredKey> | StoredKey {
    const { signingAlgorithm, sealing, random } = this.#parts
    if (purpose === 'jwt') return makeJwtKey(signingAlgorithm, sealing, turn)
    const newest = this.#keys.opaque.at(-1)?.number ?? -1
    return makeOpaqueKey((newest + 1) % 256, sealing, random, turn)
  }

  async #reload(): Promise<void> {
    const stored = await this.#parts.database.listKeys()
    const known = new Map<KeyId, OpenedKey>([...this.#keys.jwt, ...this.#keys.opaque].map((key) => [key.id, key]))
    const opened = (key: StoredKey): OpenedKey => ({
      ...key,
      privateKey: known.get(key.id)?.privateKey ?? openKey(key, this.#parts.sealing),
    })
    const jwt = keysInTurn(stored, 'jwt')
    this.#keys = { jwt: jwt.map(opened), opaque: keysInTurn(stored, 'opaque').map(opened) }
    const published = jwt.map((key) => key.id).join()
    if (published !== this.#publicKeys.map((key) => key.kid).join()) {
      this.#publicKeys = jwt.map((key) => JSON.parse(key.publicJwk) as PublicJwk)
    }
  }
}
