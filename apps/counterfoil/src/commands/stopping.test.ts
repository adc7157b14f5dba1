import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePorts } from '@counterfoil/testbed'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeFolder, send, serve, type Serving } from '../command.fixture.ts'

/** A node as a balancer knows it. */
interface Target {
  readonly url: string
  readonly agent: Agent
  isReady: boolean
}

/** Sends requests in turn to whoever has said that it is ready, over connections that are kept alive. */
class Balancer {
  readonly #targets: readonly Target[]
  readonly #checks: NodeJS.Timeout
  #turn = 0

  constructor(urls: readonly string[]) {
    this.#targets = urls.map((url) => ({ url, agent: new Agent({ keepAlive: true }), isReady: true }))
    this.#checks = setInterval(() => void this.#check(), 100)
  }

  close(): void {
    clearInterval(this.#checks)
    for (const { agent } of this.#targets) agent.destroy()
  }

  /** The status of an answer, or why there was none. */
  ask(): Promise<number | string | undefined> {
    const ready = this.#targets.filter(({ isReady }) => isReady)
    const target = ready[this.#turn++ % Math.max(1, ready.length)]
    return target === undefined ? Promise.resolve('nobody is ready') : statusOf(target)
  }

  async #check(): Promise<void> {
    await Promise.all(
      this.#targets.map(async (target) => {
        const status = await send(`${target.url}/readyz`).then(
          (answer) => answer.status,
          () => 0,
        )
        target.isReady = status === 200
      }),
    )
  }
}

function statusOf({ url, agent }: Target): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    request(
      `${url}/accounts`,
      { agent, method: 'POST', headers: { 'content-type': 'application/json' } },
      (response) => {
        response.resume().once('end', () => resolve(response.statusCode))
      },
    )
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      .end('{}')
  })
}

/** What it is like to be stopped: it takes a second until it does not listen any more. */
async function stopped(serving: Serving): Promise<void> {
  serving.process.signal('SIGTERM')
  await vi.waitFor(() => expect(serving.process.isRunning).toBe(false), 10_000)
}

test.each([
  ['of one process', {}],
  ['of two workers', { COUNTERFOIL_WORKERS: '2' }],
])(
  'nodes %s that are restarted one after the other fail no request of a balancer that asks who is ready',
  async (_what, workers) => {
    const ports = await findFreePorts(2)
    const folders = ports.map(makeFolder)
    const start = (at: number): Promise<Serving> =>
      serve(folders[at] ?? '', {
        ...workers,
        COUNTERFOIL_DRAIN_SECONDS: '1',
        COUNTERFOIL_LISTEN: `127.0.0.1:${ports[at]}`,
      })
    const nodes = [await start(0), await start(1)]
    const balancer = new Balancer(nodes.map(({ url }) => url))
    onTestFinished(() => balancer.close())
    const seen = new Map<number | string | undefined, number>()
    const over = new AbortController()
    const ask = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const status = await balancer.ask()
        seen.set(status, (seen.get(status) ?? 0) + 1)
        await sleep(1)
      }
    }
    const more = (): Promise<void> => {
      const before = seen.get(400) ?? 0
      return vi.waitFor(() => expect(seen.get(400)).toBeGreaterThan(before + 100), 10_000)
    }
    const asking = Array.from({ length: 4 }, ask)
    for (const [at, node] of nodes.entries()) {
      await more()
      await stopped(node)
      expect(node.process.output).toContain('"msg":"stopped"')
      await start(at)
      await more()
    }
    over.abort()
    await Promise.all(asking)
    // The body is empty, and somebody said so each time.
    expect([...seen.keys()]).toEqual([400])
  },
  120_000,
)

test('while balancers are to notice, everything is served, and a second signal does not wait for them', async () => {
  const serving = await serve(makeFolder(), { COUNTERFOIL_DRAIN_SECONDS: '300' })
  serving.process.signal('SIGTERM')
  await vi.waitFor(() => expect(serving.process.output).toContain('not ready any more'))
  expect((await send(`${serving.url}/readyz`)).status).toBe(503)
  expect((await send(`${serving.url}/healthz`)).status).toBe(200)
  serving.process.signal('SIGTERM')
  await vi.waitFor(() => expect(serving.process.isRunning).toBe(false), 2000)
})

test('Ctrl-C does not wait for balancers to notice', async () => {
  const serving = await serve(makeFolder(), { COUNTERFOIL_DRAIN_SECONDS: '300', COUNTERFOIL_WORKERS: '2' })
  serving.process.signal('SIGINT')
  await vi.waitFor(() => expect(serving.process.isRunning).toBe(false), 5000)
  expect(serving.log().filter(({ msg }) => msg === 'stopped')).toHaveLength(2)
})
