import type { ErrorCode } from '@counterfoil/protocol'

/** Why a use case did not happen: an expected outcome, with what the caller may know. */
export interface Refusal {
  readonly refused: ErrorCode
  /** More than the code says: what would be right. Never what was sent. */
  readonly detail?: string | undefined
  /** JSON pointer of the member that it is about. */
  readonly field?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/** What a use case comes to: its result, or why not. */
export type Outcome<Result extends object> = Result | Refusal

/** Whether the use case did not happen. */
export function isRefusal(outcome: object): outcome is Refusal {
  return 'refused' in outcome
}
