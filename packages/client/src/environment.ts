/** Where a client keeps what must outlive it: texts by name. */
export interface Storage {
  get(name: string): Promise<string | undefined> | string | undefined
  set(name: string, value: string): Promise<unknown> | unknown
  remove(name: string): Promise<unknown> | unknown
}

/** What may be kept in the open, and is there at once. */
export interface Notes {
  get(name: string): string | undefined
  set(name: string, value: string): void
  remove(name: string): void
}

/** Messages among the tabs of one origin. */
export interface Channel {
  post(message: unknown): void
  listen(listener: (message: unknown) => void): void
  close(): void
}

/** A key that signs proofs of possession, and its public part. */
export interface ProofKey {
  readonly sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>
  readonly publicJwk: Readonly<Record<string, string>>
}

/** Everything that a client takes from where it runs; each can be replaced. Undefined members are done without. */
export interface Environment {
  readonly fetch: (request: Request) => Promise<Response>
  /** The origin of the page, where there is one. */
  readonly origin: string | undefined
  /** Epoch milliseconds, right or wrong. */
  readonly now: () => number
  /** Milliseconds that never go back. */
  readonly monotonicNow: () => number
  readonly randomBytes: (count: number) => Uint8Array
  readonly wait: (ms: number) => Promise<void>
  /** The Web Locks of the origin. */
  readonly locks: Pick<LockManager, 'request'> | undefined
  readonly openChannel: ((name: string) => Channel) | undefined
  /**
   * The key of this name, made when it is not there; undefined where there can be none. Rejects when it cannot be told now whether there is one. Default:
   * WebCrypto and IndexedDB.
   */
  readonly openKey: (name: string, make: boolean) => Promise<ProofKey | undefined>
  /** Calls back when the device may have slept, or is online again. */
  readonly onWake: (listener: () => void) => () => void
  readonly isOffline: () => boolean
  /** What may be kept in the open: no credential. Default: `localStorage`, else memory. */
  readonly notes: Notes
}

/** Storage in memory: what is in it ends with the page. */
export function memoryStorage(): Notes {
  const values = new Map<string, string>()
  return {
    get: (name) => values.get(name),
    set: (name, value) => void values.set(name, value),
    remove: (name) => void values.delete(name),
  }
}
