import { createClient } from '@redis/client'
import { readRevocation } from '@counterfoil/protocol'
import { createVerifier, type Verifier } from '@counterfoil/verifier'
import { Countdown } from './countdown.ts'
import { takeDetour } from './detour.ts'
import { monotonicMs, pause } from './monotonic.ts'
import type { Answers, Call, OrderName, Orders, Reply } from './orders.ts'
import { Prober } from './prober.ts'

const PATIENCE_MS = 30_000

const countdown = new Countdown()
let prober = new Prober([])
let verifiers: readonly Verifier[] = []
let subscribers = 0

async function open({ count, issuer, keys, key, proxyPort }: Orders['open']): Promise<null> {
  if (proxyPort !== undefined) takeDetour(proxyPort)
  verifiers = Array.from({ length: count }, (_, index) =>
    createVerifier({
      issuer,
      audience: issuer,
      jwks: keys,
      onStale: 'reject',
      feed: { key, onEvent: (event) => event.kind === 'applied' && countdown.got(index, event.records) },
    }),
  )
  prober = new Prober(verifiers)
  const deadline = monotonicMs() + PATIENCE_MS
  while (!verifiers.every(isFollowing)) {
    if (monotonicMs() > deadline) throw new Error('the verifiers do not come to follow the log')
    await pause(10)
  }
  return null
}

function isFollowing(verifier: Verifier): boolean {
  const { feed } = verifier.status()
  return feed !== 'none' && feed.holding && feed.channel === 'open'
}

function block(forMs: number): void {
  const until = monotonicMs() + forMs
  while (monotonicMs() < until);
  prober.probeAll()
}

async function subscribe({ url, channel, connections, work }: Orders['subscribe']): Promise<null> {
  for (subscribers = 0; subscribers < connections; subscribers++) {
    const index = subscribers
    const ended = new Set<string>()
    const take = (message: string): void => {
      if (work === 'apply') keep(message, ended)
      countdown.got(index, 1)
    }
    const client = createClient({ url })
    await client.connect()
    await client.subscribe(channel, take)
  }
  return null
}

function keep(message: string, ended: Set<string>): void {
  const record = readRevocation(JSON.parse(message))
  if (record?.kind !== 'session') throw new Error('a message holds no record')
  ended.add(record.sessionId)
}

const CARRY_OUT: { readonly [Name in OrderName]: (order: Orders[Name]) => Promise<Answers[Name]> } = {
  open,
  watch: async ({ name, token }) => {
    prober.watch(name, token)
    if (!(await prober.settle(name, 'accepted', PATIENCE_MS))) throw new Error(`${name} is not accepted`)
    return null
  },
  settle: ({ name, verdict, withinMs }) => prober.settle(name, verdict, withinMs),
  report: async ({ name, question }) => prober.report(name, question),
  block: async ({ forMs }) => {
    block(forMs)
    return null
  },
  expectRecords: async ({ count }) => {
    countdown.expect(verifiers.length, count)
    return null
  },
  subscribe,
  expectMessages: async ({ count }) => {
    countdown.expect(subscribers, count)
    return null
  },
  received: () => countdown.received(),
}

async function answer({ id, name, order }: Call): Promise<Reply> {
  try {
    const act = CARRY_OUT[name] as (order: unknown) => Promise<unknown>
    return { id, answer: await act(order) }
  } catch (thrown) {
    return { id, error: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

process.on('message', (call: Call) => void answer(call).then((reply) => process.send?.(reply)))
process.on('disconnect', () => process.exit(0))
