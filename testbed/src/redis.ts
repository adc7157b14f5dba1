import { findFreePorts } from './free-port.ts'
import { RedisServer, type RedisSettings } from './redis-server.ts'

/** How to start one server. */
export interface RedisOptions {
  /** Lines of its `redis.conf`, over the harness's own: append-only file, fsync each second. */
  readonly settings?: RedisSettings | undefined
}

/**
 * Starts one `redis-server` on a free port, in a folder of its own.
 *
 * @example
 * const redis = await startRedis({ settings: { maxmemory: '10mb' } })
 * await redis.close()
 */
export async function startRedis({ settings }: RedisOptions = {}): Promise<RedisServer> {
  const [port = 0] = await findFreePorts(1)
  const server = new RedisServer(port, settings)
  await server.start()
  return server
}
