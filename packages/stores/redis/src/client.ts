/** Options of one command. */
export interface RedisCommandOptions {
  /** How long it may wait to be sent, in milliseconds; 0 for as long as it takes. */
  timeout?: number
}

/** One connection, as `createClient` of `@redis/client` makes it. */
export interface RedisSingleClient {
  readonly isReady: boolean
  /** Grows with each connection that is made. */
  readonly socketEpoch: number
  sendCommand(words: string[], options?: RedisCommandOptions): Promise<unknown>
  /** Lets go of the connection at once. */
  destroy(): void
  connect(): Promise<unknown>
}

/** What a client of Sentinel says when something happens to its connections. */
export type SentinelEvent = 'client-error' | 'topology-change'

/** A client of Sentinel, as `createSentinel` of `@redis/client` makes it. */
export interface RedisSentinelClient {
  getMasterNode(): { readonly host: string; readonly port: number } | undefined
  sendCommand(isReadonly: boolean | undefined, words: string[], options?: RedisCommandOptions): Promise<unknown>
  on(event: SentinelEvent, listener: () => void): unknown
  off(event: SentinelEvent, listener: () => void): unknown
  /** Lets go of all connections at once. */
  destroy(): Promise<unknown>
  connect(): Promise<unknown>
}

/** A primary that a client of a cluster knows. */
export interface RedisClusterNode {
  readonly address: string
  readonly client?: RedisSingleClient
}

/** A client of a cluster, as `createCluster` of `@redis/client` makes it. */
export interface RedisClusterClient {
  /** Who has each slot. */
  readonly slots: readonly ({ readonly master: RedisClusterNode } | undefined)[]
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, words: string[]): Promise<unknown>
}

/** A connected client of a single server, of Sentinel, or of a cluster: Redis or Valkey. */
export type RedisClient = RedisSingleClient | RedisSentinelClient | RedisClusterClient
