import {
  drawId,
  systemRandom,
  systemTimer,
  type Database,
  type Random,
  type SessionArchive,
  type SessionStore,
  type Timer,
} from '@counterfoil/core'
import { createSessionArchive } from './archive.ts'
import type { RedisClient } from './client.ts'
import {
  guardedCommands,
  plainCommands,
  type Commands,
  type Patience,
  type RedisCounts,
  type Tally,
} from './commands.ts'
import { nameKeys } from './keys.ts'
import { linkTo, type Link } from './link.ts'
import type { Observer } from './observe.ts'
import { RedisOpenError } from './open-error.ts'
import { replicateOver } from './replicate.ts'
import { judgeSettings, readSettings } from './safety.ts'
import { createSessionStore } from './session-store.ts'
import { Watch } from './watch.ts'

/** How to keep sessions in Redis. */
export interface RedisSessionOptions {
  /**
   * A connected client of `@redis/client`: of one server, of Sentinel or of a cluster. It stays the caller's, who listens to its
   * `error` events and closes it. Make it with `disableOfflineQueue: true` (for a cluster in `defaults`), so that nothing waits for
   * a connection; for a cluster also with `topologyRefreshOnReconnectionAttemptStrategy: 250`, so that it finds a new primary at once.
   */
  readonly client: RedisClient
  /** Remembers, durably, how far Redis had come. */
  readonly database: Pick<Database, 'readMark' | 'keepMark'>
  /**
   * Ends in `sessions` what the revocation log says has ended, and writes the audit event `store.rollback_detected`: `repairSessions` of
   * core does both. `loss` tells in words what was noticed. Called when Redis has, or may have, lost writes; no verb is answered by the
   * servers concerned until it has resolved. When it rejects, it is called again.
   */
  readonly repair: (sessions: SessionStore, loss: string) => Promise<unknown>
  /** What the names of all keys begin with: letters, digits, `_`, `:`, `.` and `-`. `cf:` unless given. */
  readonly prefix?: string | undefined
  /** How long one command may take, in milliseconds; a verb is one to three of them. 2,000 unless given. */
  readonly timeoutMs?: number | undefined
  /** How often Redis is asked whether it has lost writes, in milliseconds. 1,000 unless given. */
  readonly pollMs?: number | undefined
  /** How long a start waits for one replica to have it, in milliseconds, where there are replicas; 0 for not at all. 100 unless given. */
  readonly replicateStartsMs?: number | undefined
  /** Accepts a Redis that evicts, keeps nothing on disk, or is too old. Such a Redis signs people out at will. */
  readonly unsafelyAcceptLoss?: boolean | undefined
  /** Told, in one line for people, what could not be checked, and when a repair failed. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** The machine's unless given. */
  readonly timer?: Timer | undefined
  /** The operating system's unless given. */
  readonly random?: Random | undefined
}

/** Sessions in Redis. */
export interface RedisSessions {
  readonly sessions: SessionStore
  /** For copying all of them. */
  readonly sessionArchive: SessionArchive
  /** Counts for metrics. */
  readonly counts: () => RedisCounts
  /** Stops watching. Verbs reject from then on; the client stays as it is. */
  readonly close: () => void
}

/**
 * Opens a session store in Redis 7 or later, or Valkey. Resolves when Redis has been looked at: also when it has lost
 * writes and the repair fails, which is then tried again while verbs reject. Throws `RedisOpenError`, made to be printed, when Redis is
 * unsafe for sessions or cannot be asked.
 *
 * @example
 * const client = await createClient({ url, disableOfflineQueue: true }).on('error', report).connect()
 * const { sessions, close } = await openRedisSessions({
 *   client,
 *   database,
 *   repair: (sessions, loss) => repairSessions({ database, log, clock: systemClock }, sessions, loss),
 * })
 */
export async function openRedisSessions(options: RedisSessionOptions): Promise<RedisSessions> {
  const settings = validate(options)
  const { prefix, timer, timeoutMs, random, onWarning } = settings
  const keys = nameKeys(prefix)
  const link = linkTo(options.client)
  const patience: Patience = { timer, timeoutMs }
  const tally: Tally = { commands: 0, failures: 0, rollbacks: 0, repairs: 0 }
  const drawName = nameDrawer(random)
  const storeOver = (commands: Commands, replicate: (key: string) => Promise<void>): SessionStore =>
    createSessionStore({ commands, keys, link, drawName, replicate })
  const ungated = storeOver(plainCommands(link, patience, tally), async () => undefined)
  const observer: Observer = { patience, tally, counterKey: keys.counter, drawName }
  const repair = (loss: string) => options.repair(ungated, loss)
  const markName = `redis ${prefix}`
  const { pollMs } = settings
  const watch = new Watch({ link, observer, database: options.database, markName, pollMs, repair, onWarning })
  try {
    await checkSafety(link, observer, settings)
    await watch.look()
  } catch (error) {
    watch.close()
    throw error
  }
  const replicate = replicateOver(link, watch, patience, tally, settings.replicateStartsMs)
  const commands = guardedCommands(link, patience, tally, watch)
  const sessions = storeOver(commands, replicate)
  const sessionArchive = createSessionArchive({ commands, keys, link, drawName, replicate })
  return { sessions, sessionArchive, counts: () => ({ ...tally }), close: () => watch.close() }
}

type Settings = ReturnType<typeof validate>

function validate(options: RedisSessionOptions) {
  const { timeoutMs = 2_000, pollMs = 1_000, replicateStartsMs = 100 } = options
  for (const [name, ms, least] of [
    ['timeoutMs', timeoutMs, 1],
    ['pollMs', pollMs, 1],
    ['replicateStartsMs', replicateStartsMs, 0],
  ] as const) {
    if (!Number.isSafeInteger(ms) || ms < least) throw new TypeError(`${name} must be a whole number from ${least} on`)
  }
  return {
    timeoutMs,
    pollMs,
    // It has to end before the wait for its own answer does.
    replicateStartsMs: Math.min(replicateStartsMs, Math.floor(timeoutMs / 2)),
    prefix: options.prefix ?? 'cf:',
    timer: options.timer ?? systemTimer,
    random: options.random ?? systemRandom,
    unsafelyAcceptLoss: options.unsafelyAcceptLoss ?? false,
    onWarning: options.onWarning ?? (() => undefined),
  }
}

/** Names that no other process and no other call has: letters and digits. */
function nameDrawer(random: Random): () => string {
  const process = drawId(random).replaceAll(/[-_]/g, '0')
  let drawn = 0
  return () => process + (drawn++).toString(36)
}

async function checkSafety(link: Link, { patience, tally }: Observer, settings: Settings): Promise<void> {
  for (const primary of link.primaries()) {
    const found = await readSettings(primary, patience, tally).catch(() => {
      throw new RedisOpenError('unreachable', `${primary.name} cannot be asked: start it, or correct its address.`)
    })
    const { dangers, warnings } = judgeSettings(primary.name, found)
    const [danger] = dangers
    if (danger !== undefined && !settings.unsafelyAcceptLoss) throw new RedisOpenError(danger.reason, danger.message)
    for (const warning of [...dangers.map(({ message }) => message), ...warnings]) settings.onWarning(warning)
  }
}
