export { createServer } from './create-server.ts'
export type { CounterfoilServer, ListenOptions } from './create-server.ts'
export type { ServerOptions, VerifierSettings } from './options.ts'
export { loggerOptions } from './http/logging.ts'
