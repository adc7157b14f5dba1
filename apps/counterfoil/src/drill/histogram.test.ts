import fc from 'fast-check'
import { expect, it } from 'vitest'
import { drawHistogram, quantile } from './histogram.ts'

function countsIn(drawn: string): number[] {
  return drawn
    .split('\n')
    .slice(1)
    .map((line) => Number(/ (\d+)$/.exec(line)?.[1]))
}

it('a histogram shows from the first bar to the last, also those between that are empty', () => {
  expect(drawHistogram('all', [-3, 0.5, 0.7, 8])).toBe(
    [
      'all: 4 rejections, p50 0.5 ms, p99 8.0 ms, max 8.0 ms',
      `  before the return  ${'█'.repeat(20)} 1`,
      `             ≤ 1 ms  ${'█'.repeat(40)} 2`,
      '             ≤ 2 ms   0',
      '             ≤ 5 ms   0',
      `            ≤ 10 ms  ${'█'.repeat(20)} 1`,
    ].join('\n'),
  )
})

it('a single value among very many has a bar', () => {
  const drawn = drawHistogram('all', [...Array.from({ length: 1000 }, () => 1), 70_000])
  expect(drawn.split('\n').at(-1)).toBe('         > 60000 ms  █ 1')
})

it('every value is in exactly one bar', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 50 }),
      (values) => {
        expect(countsIn(drawHistogram('all', values)).reduce((one, other) => one + other)).toBe(values.length)
      },
    ),
  )
})

it('says so where nothing was measured', () => {
  expect(drawHistogram('https://a.example', [])).toBe('https://a.example: no rejection was measured')
})

it('a quantile is one of the values, and the largest share takes the largest', () => {
  expect([0.5, 0.99, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([2, 4, 4])
})
