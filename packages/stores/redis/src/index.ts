export type {
  RedisClient,
  RedisClusterClient,
  RedisClusterNode,
  RedisCommandOptions,
  RedisSentinelClient,
  RedisSingleClient,
  SentinelEvent,
} from './client.ts'
export type { RedisCounts } from './commands.ts'
export { openRedisSessions } from './open.ts'
export type { RedisSessionOptions, RedisSessions } from './open.ts'
export { RedisOpenError } from './open-error.ts'
export type { RedisOpenRefusal } from './open-error.ts'
