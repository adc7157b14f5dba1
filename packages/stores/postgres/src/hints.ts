import type { Unsubscribe } from '@counterfoil/core'
import type { Ask, PostgresListener } from './client.ts'

/** What may have grown. */
export type Topic = 'log' | 'nodes'

/** The channel on which statements tell that something has grown; the payload is the topic. */
export const CHANNEL = 'counterfoil'

/** Those who want to know that the log or the board has grown: sooner than they would find out, and no more than that. */
export interface Hints {
  add(topic: Topic, onGrowth: () => void): Unsubscribe
  /** This process has written itself. */
  notice(topic: Topic): void
  close(): Promise<void>
}

/** How often to look while nothing can be heard, and how long to wait before listening again, in milliseconds. */
const LOOK_EVERY_MS = 250
const LISTEN_AGAIN_MS = { first: 100, most: 5000 }

/** How often to ask on the connection that only listens: one whose other end is gone without a word stays silent like one that has nothing to say. */
const PROVE_EVERY_MS = 5000

const SIZES = `SELECT (SELECT head::text FROM counterfoil_installation),
  (SELECT count(*) || ' ' || coalesce(sum(serial), 0) FROM counterfoil_node_reports)`

/** Passes hints on: heard on a connection of its own, or, while there is none, by looking from time to time. Nothing is open while nobody watches. */
export function createHints(ask: Ask, connect: (() => Promise<PostgresListener>) | undefined): Hints {
  const watchers: Record<Topic, Set<() => void>> = { log: new Set(), nodes: new Set() }
  const notice = (topic: Topic): void => {
    for (const watcher of watchers[topic]) queueMicrotask(watcher)
  }
  const poll = createPoll(ask, notice)
  const ear = connect && createEar(connect, notice, poll)
  const isWatched = (): boolean => watchers.log.size + watchers.nodes.size > 0
  const begin = (): void => {
    if (ear === undefined) poll.begin()
    else ear.begin()
  }
  const end = async (): Promise<void> => {
    poll.end()
    await ear?.end()
  }
  return {
    add(topic, onGrowth) {
      const watcher = (): void => void (watchers[topic].has(watcher) && onGrowth())
      if (!isWatched()) begin()
      watchers[topic].add(watcher)
      return () => {
        watchers[topic].delete(watcher)
        if (!isWatched()) void end()
      }
    },
    notice,
    async close() {
      watchers.log.clear()
      watchers.nodes.clear()
      await end()
    },
  }
}

interface Poll {
  begin(): void
  end(): void
}

function createPoll(ask: Ask, notice: (topic: Topic) => void): Poll {
  let known: readonly unknown[] | undefined
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  const look = async (): Promise<void> => {
    const [sizes = []] = await ask(SIZES)
    if (known !== undefined && sizes[0] !== known[0]) notice('log')
    if (known !== undefined && sizes[1] !== known[1]) notice('nodes')
    known = sizes
  }
  const lookUnlessBusy = (): void => {
    if (isLooking) return
    isLooking = true
    const done = (): void => void (isLooking = false)
    // A hint may be lost. Whoever asks the database itself learns that it cannot be asked.
    look().then(done, done)
  }
  return {
    begin() {
      if (timer !== undefined) return
      lookUnlessBusy()
      timer = setInterval(lookUnlessBusy, LOOK_EVERY_MS).unref()
    },
    end() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

interface Ear {
  begin(): void
  end(): Promise<void>
}

function createEar(connect: () => Promise<PostgresListener>, notice: (topic: Topic) => void, poll: Poll): Ear {
  let listener: PostgresListener | undefined
  let isWanted = false
  let isTrying = false
  let waitMs = LISTEN_AGAIN_MS.first
  let timer: NodeJS.Timeout | undefined

  const listen = async (): Promise<void> => {
    const connected = await connect()
    const lost = (): void => {
      if (listener !== connected) return
      listener = undefined
      if (isWanted) again()
    }
    listener = connected
    await listenOn(connected, notice, lost)
    prove(connected, () => listener === connected, lost)
    if (!isWanted) await connected.end()
    if (listener !== connected) throw new Error('the connection was lost')
  }
  const attempt = (): void => {
    if (isTrying || !isWanted) return
    isTrying = true
    listen().then(
      () => {
        isTrying = false
        waitMs = LISTEN_AGAIN_MS.first
        poll.end()
        // What was notified in between was heard by nobody.
        notice('log')
        notice('nodes')
      },
      () => {
        isTrying = false
        listener = undefined
        again()
      },
    )
  }
  const again = (): void => {
    poll.begin()
    timer = setTimeout(attempt, waitMs).unref()
    waitMs = Math.min(2 * waitMs, LISTEN_AGAIN_MS.most)
  }
  return {
    begin() {
      isWanted = true
      attempt()
    },
    async end() {
      isWanted = false
      clearTimeout(timer)
      const present = listener
      listener = undefined
      await present?.end().catch(() => undefined)
    },
  }
}

/** Asks on this connection from time to time, for as long as it is in use. */
function prove(connected: PostgresListener, isInUse: () => boolean, lost: () => void): void {
  const timer = setTimeout(() => {
    if (!isInUse()) return
    connected.query('SELECT 1').then(
      () => prove(connected, isInUse, lost),
      () => {
        lost()
        connected.end().catch(() => undefined)
      },
    )
  }, PROVE_EVERY_MS)
  timer.unref()
}

/** Hears on this connection what is notified, from when it resolves until it is lost. */
async function listenOn(connected: PostgresListener, notice: (topic: Topic) => void, lost: () => void): Promise<void> {
  connected.on('error', lost)
  connected.on('end', lost)
  connected.on('notification', ({ payload }) => {
    if (payload === 'log' || payload === 'nodes') notice(payload)
  })
  await connected.query(`LISTEN ${CHANNEL}`)
}
