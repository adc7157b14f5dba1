import { expect, test } from 'vitest'
import { pauseBeforeReplacing } from './replacing.ts'

test('a worker that served for a while is replaced almost at once', () => {
  expect(pauseBeforeReplacing(60_000, 30_000)).toBe(100)
})

test('those that die young are replaced more and more slowly, down to once in half a minute', () => {
  const pauses = [0]
  for (let time = 0; time < 12; time++) pauses.push(pauseBeforeReplacing(500, pauses.at(-1) ?? 0))
  expect(pauses.slice(1)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000])
})
