import { describe, expect, it } from 'vitest'
import { browserEnvironment } from '../browser-environment.ts'
import { memoryStorage, type Environment } from '../environment.ts'
import { onlyOne } from './only-one.ts'

const { locks } = navigator
const NONE = { ...browserEnvironment(), locks: undefined }
const name = (): string => `only-one ${crypto.randomUUID()}`

describe('with Web Locks', () => {
  it('one acts at a time, and who has waited knows it', async () => {
    const [lock, seen]: [string, string[]] = [name(), []]
    const act = (who: string) => async (waited: boolean) => {
      seen.push(`${who} begins${waited ? ' after a wait' : ''}`)
      await Promise.resolve()
      seen.push(`${who} ends`)
      return who
    }
    const both = [onlyOne({ ...NONE, locks }, lock, act('first')), onlyOne({ ...NONE, locks }, lock, act('second'))]
    expect(await Promise.all(both)).toEqual(['first', 'second'])
    expect(seen).toEqual(['first begins', 'first ends', 'second begins after a wait', 'second ends'])
  })

  it('what goes wrong is told to whom it happened, and the next one acts all the same', async () => {
    const lock = name()
    const first = onlyOne({ ...NONE, locks }, lock, () => Promise.reject(new Error('broken')))
    const second = onlyOne({ ...NONE, locks }, lock, (waited) => Promise.resolve(waited))
    await expect(first).rejects.toThrow('broken')
    expect(await second).toBe(true)
    const third = onlyOne({ ...NONE, locks }, lock, () => Promise.reject(new Error('broken again')))
    await expect(third).rejects.toThrow('broken again')
  })

  it('who has the lock and has hung holds nobody up for ever', async () => {
    const hung: Pick<LockManager, 'request'> = {
      request: (async (_: string, options: LockOptions, callback: LockGrantedCallback<unknown>) => {
        if (options.ifAvailable === true) return callback(null)
        throw new DOMException('waited for too long', 'TimeoutError')
      }) as LockManager['request'],
    }
    expect(await onlyOne({ ...NONE, locks: hung }, name(), (waited) => Promise.resolve(waited))).toBe(true)
  })

  it('what has begun is not begun again when it fails', async () => {
    let begun = 0
    const busy: Pick<LockManager, 'request'> = {
      request: ((_: string, options: LockOptions, callback: LockGrantedCallback<unknown>) =>
        Promise.resolve(
          callback(options.ifAvailable === true ? null : { name: 'x', mode: 'exclusive' }),
        )) as LockManager['request'],
    }
    const acting = onlyOne({ ...NONE, locks: busy }, name(), () => {
      begun++
      return Promise.reject(new Error('lost'))
    })
    await expect(acting).rejects.toThrow('lost')
    expect(begun).toBe(1)
  })
})

describe('without Web Locks', () => {
  /** Tabs that have notes in common, and a clock that moves when somebody waits. */
  function makeTabs(): { readonly open: () => Environment; readonly clock: { now: number } } {
    const notes = memoryStorage()
    const clock = { now: 0 }
    const wait = async (ms: number): Promise<void> => {
      await Promise.resolve()
      clock.now += ms
    }
    return { clock, open: () => ({ ...NONE, notes, wait, now: () => clock.now }) }
  }

  it('a note lets one act at a time, and who has waited knows it', async () => {
    const [{ open }, lock, seen]: [ReturnType<typeof makeTabs>, string, string[]] = [makeTabs(), name(), []]
    const act = (who: string) => async (waited: boolean) => {
      seen.push(`${who} begins${waited ? ' after a wait' : ''}`)
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
      seen.push(`${who} ends`)
      return who
    }
    const all = ['first', 'second', 'third'].map((who) => onlyOne(open(), lock, act(who)))
    expect(await Promise.all(all)).toEqual(['first', 'second', 'third'])
    expect(seen.filter((line) => line.includes('begins')).length).toBe(3)
    for (let at = 0; at < seen.length; at += 2) expect(seen[at + 1]).toBe(`${seen[at]?.split(' ')[0] ?? ''} ends`)
    expect(seen.filter((line) => line.endsWith('after a wait'))).toHaveLength(2)
  })

  it('what goes wrong is told, and the next one acts all the same', async () => {
    const [{ open }, lock] = [makeTabs(), name()]
    await expect(onlyOne(open(), lock, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await onlyOne(open(), lock, (waited) => Promise.resolve(waited))).toBe(false)
  })

  it('a tab that was closed while it acted holds nobody up for longer than 15 seconds, nor does a clock that was set back', async () => {
    const [{ open, clock }, lock] = [makeTabs(), name()]
    void onlyOne(open(), lock, () => new Promise(() => undefined))
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    const began = clock.now
    expect(await onlyOne(open(), lock, (waited) => Promise.resolve(waited))).toBe(true)
    expect(clock.now - began).toBeLessThanOrEqual(15_100)

    void onlyOne(open(), lock, () => new Promise(() => undefined))
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    clock.now -= 86_400_000
    expect(await onlyOne(open(), lock, (waited) => Promise.resolve(waited))).toBe(false)
  })
})
