import { expect, it } from 'vitest'
import { slotOf } from './slot.ts'

it.each([
  ['123456789', 0x31c3],
  ['foo', 12_182],
  ['{user1000}.following', 3_443],
  ['a{user1000}b{c}', 3_443],
  ['foo{}{bar}', 8_363],
  ['foo{{bar}}zap', 4_015],
])('the slot of %s is the one of the cluster specification', (key, slot) => {
  expect(slotOf(key)).toBe(slot)
})
