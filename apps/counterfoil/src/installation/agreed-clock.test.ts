import { expect, test } from 'vitest'
import { AgreedClock } from './agreed-clock.ts'

const NOW = Date.UTC(2026, 0, 1)

/** A machine whose clock is off, and a database whose clock is right; an answer takes `tookMs`. */
async function open(offMs: number, tookMs = 10) {
  const state = { elapsed: 0, offMs, tookMs, isAway: false }
  const warnings: string[] = []
  const clock = await AgreedClock.open({
    own: { now: () => NOW + state.elapsed + state.offMs, monotonic: () => state.elapsed },
    read: async () => {
      if (state.isAway) throw new Error('away')
      state.elapsed += state.tookMs / 2
      const shown = NOW + state.elapsed
      state.elapsed += state.tookMs / 2
      return shown
    },
    warn: (message) => warnings.push(message),
  })
  clock.close()
  return { clock, state, warnings, off: () => clock.now() - (NOW + state.elapsed) }
}

test.each([3_600_000, -3_600_000, 1500])(
  'a clock that is off by %i ms shows what the database shows',
  async (offMs) => {
    const { off, warnings } = await open(offMs)
    expect(Math.abs(off())).toBeLessThanOrEqual(1)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(offMs > 0 ? 'ahead of' : 'behind')
  },
)

test('a clock that is nearly right is left alone', async () => {
  const { off, warnings } = await open(300)
  expect([off(), warnings]).toEqual([300, []])
})

test('a clock that steps is followed at the next comparison, and one that is set right is believed again', async () => {
  const { clock, state, off, warnings } = await open(0)
  state.offMs = -7_200_000
  await clock.compare()
  expect(Math.abs(off())).toBeLessThanOrEqual(1)
  state.offMs = 0
  await clock.compare()
  expect(off()).toBe(0)
  expect(warnings.at(-1)).toContain('agrees')
})

test('an answer that took too long, or none, changes nothing', async () => {
  const { clock, state, off } = await open(0)
  state.offMs = 60_000
  state.tookMs = 3000
  await clock.compare()
  expect(off()).toBe(60_000)
  state.isAway = true
  await expect(clock.compare()).rejects.toThrow('away')
  expect(off()).toBe(60_000)
})
