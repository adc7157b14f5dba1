import { describe, expect, it, vi } from 'vitest'
import { StateHolder, type State } from './state.ts'

describe('the state', () => {
  it('is not known at first, which is not signed out', () => {
    expect(new StateHolder().state).toEqual({ status: 'unknown' })
  })

  it('is told at once, at each change, and not when nothing changes', () => {
    const [holder, told]: [StateHolder, string[]] = [new StateHolder(), []]
    const stop = holder.subscribe(({ status }) => told.push(status))
    holder.set({ status: 'signed-out', reason: 'none' })
    holder.set({ status: 'signed-out', reason: 'none' })
    stop()
    holder.set({ status: 'unknown', because: 'offline' })
    expect(told).toEqual(['unknown', 'signed-out'])
  })

  it('is waited for until it is known, and an outage is not knowledge', async () => {
    const holder = new StateHolder()
    const known = holder.known()
    holder.set({ status: 'unknown', because: 'unavailable' })
    const out: State = { status: 'signed-out', reason: 'ended' }
    holder.set(out)
    expect(await known).toEqual(out)
    expect(await holder.known()).toEqual(out)
  })

  it('reaches every listener, though one of them fails', () => {
    const [holder, told, later]: [StateHolder, string[], (() => void)[]] = [new StateHolder(), [], []]
    vi.stubGlobal('queueMicrotask', (task: () => void) => later.push(task))
    const failing = (state: State): void => {
      if (state.status !== 'unknown') throw new Error('a mistake of the page')
    }
    holder.subscribe(failing)
    holder.subscribe(({ status }) => told.push(status))
    holder.set({ status: 'signed-out', reason: 'none' })
    vi.unstubAllGlobals()
    expect(told).toEqual(['unknown', 'signed-out'])
    expect(later).toHaveLength(1)
    expect(later[0]).toThrow('a mistake of the page')
  })
})
