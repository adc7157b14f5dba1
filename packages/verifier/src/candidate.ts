import type { Acceptances } from './acceptance.ts'
import type { Checked } from './judgement.ts'

/** A credential that is in order but for revocations. */
export interface Candidate {
  readonly token: string
  readonly checked: Checked
  readonly acceptances: Acceptances
  /** The key that signed it. */
  readonly keyId: string | undefined
  /** The version of the view by which no record covered it; -1 for none. */
  clearAt: number
}
