import type { SessionId } from '@counterfoil/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { generationCut, raiseGeneration, type AccountGenerations } from './generations.ts'

const ids = ['a', 'b', 'c'].map((id) => id as SessionId)
const raises = fc.array(fc.option(fc.constantFrom(...ids), { nil: undefined }), { maxLength: 12 })

it('a raise ends every session that began before it, but the one it spares', () => {
  const start: AccountGenerations = { generation: 3 }
  const raised = raiseGeneration(start, ids[0])
  expect(generationCut(raised, 'a' as SessionId)).toBe(3)
  expect(generationCut(raised, 'b' as SessionId)).toBe(4)
})

it('a session is spared exactly as long as every raise since it began has spared it', () => {
  fc.assert(
    fc.property(raises, fc.nat(12), fc.constantFrom(...ids), (sequence, bornAfter, id) => {
      let held: AccountGenerations = { generation: 0 }
      let born = bornAfter === 0 ? 0 : undefined
      let alive = true
      sequence.forEach((keep, at) => {
        held = raiseGeneration(held, keep)
        if (born !== undefined && keep !== id) alive = false
        if (at + 1 === bornAfter) born = held.generation
      })
      if (born !== undefined) expect(born >= generationCut(held, id)).toBe(alive)
    }),
    { numRuns: 2000 },
  )
})
