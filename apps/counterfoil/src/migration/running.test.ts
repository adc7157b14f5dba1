import { createMemoryStores, type NodeReport } from '@counterfoil/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchBoards } from './running.ts'

const report = (node: string, serial: number): NodeReport => ({
  node,
  serial,
  obeyed: { incarnation: 'one', position: 0 },
  heard: undefined,
  awaited: undefined,
})

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a node that reported once and is gone does not stand in the way', async () => {
  const { nodes } = createMemoryStores()
  await nodes.report(report('gone', 7))
  const said: string[] = []
  const watch = await watchBoards([{ place: 'old', nodes, silenceMs: 10_000 }], ({ message }) => said.push(message))
  let isSettled = false
  void watch.settled.then(() => (isSettled = true))
  await vi.advanceTimersByTimeAsync(9000)
  expect(isSettled).toBe(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect(isSettled).toBe(true)
  watch.stop()
  expect(said).toEqual([])
})

test.each([
  ['reports again', report('a', 2)],
  ['appears', report('b', 1)],
])('a node that %s is a server that runs', async (_, next) => {
  const { nodes } = createMemoryStores()
  await nodes.report(report('a', 1))
  const said: string[] = []
  const watch = await watchBoards([{ place: 'old', nodes, silenceMs: 10_000 }], ({ message }) => said.push(message))
  await nodes.report(next)
  await vi.advanceTimersByTimeAsync(1000)
  watch.stop()
  expect(said).toEqual(['a server is running on old: stop it first'])
})

test('a look at stores that were closed meanwhile, because the copying failed, breaks nothing', async () => {
  const { nodes } = createMemoryStores()
  const unheard: unknown[] = []
  const note = (reason: unknown): void => void unheard.push(reason)
  process.on('unhandledRejection', note)
  let isClosed = false
  const read = async () => {
    if (isClosed) throw new Error('database is not open')
    return nodes.read()
  }
  const watch = await watchBoards([{ place: 'old', nodes: { ...nodes, read }, silenceMs: 10_000 }], () => undefined)
  isClosed = true
  watch.stop()
  await vi.advanceTimersByTimeAsync(10_000)
  vi.useRealTimers()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unheard).toEqual([])
  await expect(watch.settled).rejects.toThrow('database is not open')
})

test('nobody is waited for where no node ever was', async () => {
  const { nodes } = createMemoryStores()
  const watch = await watchBoards([{ place: 'old', nodes, silenceMs: 10_000 }], () => undefined)
  await vi.advanceTimersByTimeAsync(0)
  await watch.settled
  watch.stop()
})
