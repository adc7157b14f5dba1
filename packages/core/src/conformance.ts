export type { ConformanceCase, ConnectedStores, OpenStores } from './stores/conformance/case.ts'
export { databaseCases } from './stores/database.conformance.ts'
export { revocationLogCases } from './stores/revocation-log.conformance.ts'
export { sessionStoreCases } from './stores/session-store.conformance.ts'
