import { createClient } from '@redis/client'
import { drawId, systemRandom } from '@counterfoil/core'
import { wireOfRevocation, type NewRevocation, type SessionId } from '@counterfoil/protocol'
import { openSqlite } from '@counterfoil/store-sqlite'
import { median } from '../finding.ts'
import { startRedis, type OwnRedis } from '../redis.ts'
import { Fleet } from './fleet.ts'
import { monotonicMs } from './monotonic.ts'
import { progress, type Scale } from './scale.ts'
import { openStage, type Stage } from './stage.ts'

const LEASE_SECONDS = 60
const CHANNEL = 'revocations'

/** How a burst reached everybody. */
export interface BurstFigures {
  /** Records that arrived, of all receivers together, per second. */
  readonly perSecond: number
  /** From the beginning of the burst until a receiver had all of it: of the slowest one in a hundred. Milliseconds. */
  readonly p99Ms: number
}

/** Deliveries of the push channel beside those of Redis pub/sub; undefined where there is no `redis-server`. */
export interface DeliveryFigures {
  readonly receivers: number
  readonly records: number
  readonly ours: BurstFigures
  readonly redis: { readonly applied: BurstFigures; readonly counted: BurstFigures } | undefined
}

function newRecords(count: number): readonly NewRevocation[] {
  return Array.from({ length: count }, () => ({
    kind: 'session',
    sessionId: drawId<SessionId>(systemRandom),
    at: Date.now(),
  }))
}

function figuresOf(beganAt: number, receivedAt: readonly number[], records: number): BurstFigures {
  const took = receivedAt.map((at) => at - beganAt).toSorted((a, b) => a - b)
  const last = took.at(-1) ?? NaN
  return {
    perSecond: (records * took.length) / (last / 1000),
    p99Ms: took[Math.ceil(took.length * 0.99) - 1] ?? NaN,
  }
}

function middle(figures: readonly BurstFigures[]): BurstFigures {
  return {
    perSecond: median(figures.map(({ perSecond }) => perSecond)),
    p99Ms: median(figures.map(({ p99Ms }) => p99Ms)),
  }
}

/**
 * Appends at once, beside the running server, as other nodes on the same database do, and then ends a session through the server: that
 * makes it look at the log now, not when it does so by itself.
 */
async function pushBurst({ installation, fleet }: Stage, append: Append, count: number): Promise<BurstFigures> {
  const token = await installation.signIn()
  const records = newRecords(count)
  await fleet.ask('expectRecords', { count: count + 1 })
  const beganAt = monotonicMs()
  await append(records)
  await installation.revoke(token)
  const received = await fleet.ask('received', {})
  return figuresOf(beganAt, received.flat(), count + 1)
}

type Append = (records: readonly NewRevocation[]) => Promise<unknown>

async function measurePush(scale: Scale): Promise<BurstFigures> {
  const stage = await openStage(scale, LEASE_SECONDS, 'direct')
  const { log, close } = await openSqlite({ path: stage.installation.database })
  try {
    const bursts: BurstFigures[] = []
    for (let at = 0; at <= scale.bursts; at++)
      bursts.push(await pushBurst(stage, (records) => log.append(records), scale.burst))
    // The first warms up.
    return middle(bursts.slice(1))
  } finally {
    await close()
    await stage.stop()
  }
}

async function publishBurst(publish: (message: string) => Promise<unknown>, fleet: Fleet, count: number) {
  const messages = newRecords(count).map((record, at) =>
    JSON.stringify(wireOfRevocation({ ...record, position: at + 1 })),
  )
  await fleet.ask('expectMessages', { count })
  const beganAt = monotonicMs()
  await Promise.all(messages.map(publish))
  const received = await fleet.ask('received', {})
  return figuresOf(beganAt, received.flat(), count)
}

async function measureRedis(redis: OwnRedis, scale: Scale, work: 'count' | 'apply'): Promise<BurstFigures> {
  const fleet = new Fleet(scale.processes)
  const publisher = createClient({ url: redis.url })
  try {
    await publisher.connect()
    await fleet.ask('subscribe', { url: redis.url, channel: CHANNEL, connections: scale.verifiersEach, work })
    const bursts: BurstFigures[] = []
    for (let at = 0; at <= scale.bursts; at++)
      bursts.push(await publishBurst((message) => publisher.publish(CHANNEL, message), fleet, scale.burst))
    return middle(bursts.slice(1))
  } finally {
    publisher.destroy()
    await fleet.stop()
  }
}

/** A burst of records to every verifier, and of messages of the same size to as many subscribers of Redis. */
export async function measureDeliveries(scale: Scale): Promise<DeliveryFigures> {
  const receivers = scale.processes * scale.verifiersEach
  progress(`deliveries: ${scale.bursts} bursts of ${scale.burst} records to ${receivers} verifiers`)
  const ours = await measurePush(scale)
  const redis = await startRedis()
  if (redis === undefined) {
    progress('SKIPPED: Redis pub/sub, because redis-server is not on PATH')
    return { receivers, records: scale.burst, ours, redis: undefined }
  }
  progress(`deliveries: the same to ${receivers} subscribers of Redis`)
  try {
    const applied = await measureRedis(redis, scale, 'apply')
    return {
      receivers,
      records: scale.burst,
      ours,
      redis: { applied, counted: await measureRedis(redis, scale, 'count') },
    }
  } finally {
    await redis.stop()
  }
}
