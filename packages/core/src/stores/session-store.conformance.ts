import type { ConformanceCase } from './conformance/case.ts'
import { sessionAttributeCases } from './conformance/session-attributes.ts'
import { sessionEndCases } from './conformance/session-ends.ts'
import { sessionLifeCases } from './conformance/session-life.ts'
import { sessionListCases } from './conformance/session-lists.ts'
import { sessionMoveCases } from './conformance/session-moves.ts'
import { sessionRotationCases } from './conformance/session-rotation.ts'
import { sessionValueCases } from './conformance/session-values.ts'

/** What every `SessionStore` holds to. */
export const sessionStoreCases: readonly ConformanceCase[] = [
  ...sessionLifeCases,
  ...sessionRotationCases,
  ...sessionMoveCases,
  ...sessionEndCases,
  ...sessionListCases,
  ...sessionAttributeCases,
  ...sessionValueCases,
]
