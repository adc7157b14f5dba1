import { describe, expect, test } from 'vitest'
import { createQueue } from './bounded-queue.ts'

/** Jobs that end when they are told to, and the order in which they began. */
function createJobs() {
  const begun: number[] = []
  const endings = new Map<number, PromiseWithResolvers<number>>()
  return {
    begun,
    job: (number: number) => () => {
      begun.push(number)
      const ending = Promise.withResolvers<number>()
      endings.set(number, ending)
      return ending.promise
    },
    end: (number: number) => endings.get(number)?.resolve(number),
    fail: (number: number) => endings.get(number)?.reject(new Error(`job ${number}`)),
  }
}

describe('the queue', () => {
  test('runs as many jobs at once as it is wide, and the others in the order in which they came', async () => {
    const queue = createQueue(2, 10)
    const { begun, job, end } = createJobs()
    const results = [1, 2, 3, 4, 5].map((number) => queue.run(job(number)))
    expect(begun).toEqual([1, 2])
    expect([queue.running, queue.waiting]).toEqual([2, 3])
    end(2)
    await results[1]
    expect(begun).toEqual([1, 2, 3])
    end(1)
    await results[0]
    expect(begun).toEqual([1, 2, 3, 4])
    for (const number of [3, 4]) end(number)
    await Promise.all([results[2], results[3]])
    end(5)
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 5])
    expect([queue.running, queue.waiting]).toEqual([0, 0])
  })

  test('answers busy at once when as many wait as may, and takes jobs again when there is room', async () => {
    const queue = createQueue(1, 1)
    const { begun, job, end } = createJobs()
    const running = queue.run(job(1))
    const waiting = queue.run(job(2))
    expect(await queue.run(job(3))).toBe('busy')
    end(1)
    await running
    const later = queue.run(job(4))
    end(2)
    await waiting
    end(4)
    expect(await later).toBe(4)
    expect(begun).toEqual([1, 2, 4])
  })

  test('lets nobody overtake who comes while a place is handed over', async () => {
    const queue = createQueue(1, 1)
    const { begun, job, end } = createJobs()
    const first = queue.run(job(1))
    const second = queue.run(job(2))
    const late = first.then(() => queue.run(job(3)))
    end(1)
    await first
    end(2)
    await second
    end(3)
    expect(await late).toBe(3)
    expect(begun).toEqual([1, 2, 3])
  })

  test('frees the place of a job that fails, and rejects with its failure', async () => {
    const queue = createQueue(1, 5)
    const { job, end, fail } = createJobs()
    const failing = queue.run(job(1))
    const next = queue.run(job(2))
    fail(1)
    await expect(failing).rejects.toThrow('job 1')
    end(2)
    expect(await next).toBe(2)
    const throwing = queue.run(() => {
      throw new Error('before it began')
    })
    await expect(throwing).rejects.toThrow('before it began')
    expect([queue.running, queue.waiting]).toEqual([0, 0])
  })

  test('of no length answers busy to whoever would have to wait', async () => {
    const queue = createQueue(1, 0)
    const { job, end } = createJobs()
    const running = queue.run(job(1))
    expect(await queue.run(job(2))).toBe('busy')
    end(1)
    expect(await running).toBe(1)
  })
})
