export { databaseArchiveCases } from './conformance/archive-database.ts'
export { sessionArchiveCases } from './conformance/archive-sessions.ts'
