import fc from 'fast-check'
import { expect, it } from 'vitest'
import { closeFrame, FrameBoundary } from './frames.ts'

function frame(length: number, isMasked: boolean): Buffer {
  const size = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + size + (isMasked ? 4 : 0))
  head[0] = 0x82
  head[1] = (isMasked ? 0x80 : 0) | (size === 0 ? length : size === 2 ? 126 : 127)
  if (size === 2) head.writeUInt16BE(length, 2)
  if (size === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, Buffer.alloc(length, 0xff)])
}

it('a frame is over exactly when its last byte has gone by, however the bytes are cut', () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000), fc.boolean()), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 40_000 })), (shapes, cuts) => {
      const all = shapes.map(([length, isMasked]) => frame(length, isMasked))
      const ends = new Set<number>([0])
      let end = 0
      for (const each of all) ends.add((end += each.length))
      const bytes = Buffer.concat(all)
      const boundary = new FrameBoundary()
      for (let at = 0; at < bytes.length;) {
        const size = Number(cuts.next().value)
        boundary.follow(bytes.subarray(at, at + size))
        at = Math.min(bytes.length, at + size)
        expect(boundary.isBetween).toBe(ends.has(at))
      }
    }),
    { numRuns: 50 },
  )
})

it('one frame is followed to its end, however its bytes are cut, and none of the next', () => {
  const lengths = fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000)
  fc.assert(
    fc.property(
      lengths,
      fc.boolean(),
      fc.infiniteStream(fc.integer({ min: 1, max: 40_000 })),
      (length, isMasked, cuts) => {
        const whole = frame(length, isMasked)
        const bytes = Buffer.concat([whole, frame(5, isMasked)])
        const boundary = new FrameBoundary()
        let at = 0
        do {
          const size = Number(cuts.next().value)
          at += boundary.followOne(bytes.subarray(at, at + size))
        } while (!boundary.isBetween)
        expect(at).toBe(whole.length)
      },
    ),
    { numRuns: 200 },
  )
})

it('a closing frame has its code and its reason, and no mask', () => {
  expect(closeFrame(4401, 'ended')).toEqual(Buffer.from([0x88, 7, 0x11, 0x31, ...Buffer.from('ended')]))
})
