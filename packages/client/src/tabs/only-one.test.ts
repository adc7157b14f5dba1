import { describe, expect, it } from 'vitest'
import { onlyOne } from './only-one.ts'

const { locks } = navigator
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
    const both = [onlyOne({ locks }, lock, act('first')), onlyOne({ locks }, lock, act('second'))]
    expect(await Promise.all(both)).toEqual(['first', 'second'])
    expect(seen).toEqual(['first begins', 'first ends', 'second begins after a wait', 'second ends'])
  })

  it('what goes wrong is told to whom it happened, and the next one acts all the same', async () => {
    const lock = name()
    const first = onlyOne({ locks }, lock, () => Promise.reject(new Error('broken')))
    const second = onlyOne({ locks }, lock, (waited) => Promise.resolve(waited))
    await expect(first).rejects.toThrow('broken')
    expect(await second).toBe(true)
    const third = onlyOne({ locks }, lock, () => Promise.reject(new Error('broken again')))
    await expect(third).rejects.toThrow('broken again')
  })

  it('who has the lock and has hung holds nobody up for ever', async () => {
    const hung: Pick<LockManager, 'request'> = {
      request: (async (_: string, options: LockOptions, callback: LockGrantedCallback<unknown>) => {
        if (options.ifAvailable === true) return callback(null)
        throw new DOMException('waited for too long', 'TimeoutError')
      }) as LockManager['request'],
    }
    expect(await onlyOne({ locks: hung }, name(), (waited) => Promise.resolve(waited))).toBe(true)
  })

  it('what has begun is not begun again when it fails', async () => {
    let begun = 0
    const busy: Pick<LockManager, 'request'> = {
      request: ((_: string, options: LockOptions, callback: LockGrantedCallback<unknown>) =>
        Promise.resolve(
          callback(options.ifAvailable === true ? null : { name: 'x', mode: 'exclusive' }),
        )) as LockManager['request'],
    }
    const acting = onlyOne({ locks: busy }, name(), () => {
      begun++
      return Promise.reject(new Error('lost'))
    })
    await expect(acting).rejects.toThrow('lost')
    expect(begun).toBe(1)
  })
})

it('without Web Locks it acts at once: the server gives two who refresh at a time the same answer', async () => {
  expect(await onlyOne({ locks: undefined }, name(), (waited) => Promise.resolve(waited))).toBe(false)
})
