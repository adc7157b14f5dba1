import { accountGenerationCases } from './conformance/account-generations.ts'
import { accountCases } from './conformance/accounts.ts'
import { applicationCases } from './conformance/applications.ts'
import { auditCases } from './conformance/audit.ts'
import type { ConformanceCase } from './conformance/case.ts'
import { keyCases } from './conformance/keys.ts'
import { markCases } from './conformance/marks.ts'

/** What every `Database` holds to. */
export const databaseCases: readonly ConformanceCase[] = [
  ...accountCases,
  ...accountGenerationCases,
  ...applicationCases,
  ...keyCases,
  ...auditCases,
  ...markCases,
]
