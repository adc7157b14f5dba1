import { StoreUnavailable } from '@counterfoil/core'

/** Error replies after which the same server goes on as before: what was asked could not be done, and that is all. */
const HARMLESS = new Set(['OOM', 'ERR', 'NOSCRIPT', 'WRONGTYPE', 'NOPERM', 'NOREPLICAS', 'MISCONF', 'EXECABORT'])

/** The first word of an error that Redis answered, such as `OOM`; undefined for any other error. */
export function replyCode(error: unknown): string | undefined {
  const isNetwork = error instanceof Error && 'syscall' in error
  return error instanceof Error && !isNetwork ? /^[A-Z][A-Z0-9]+(?= |$)/.exec(error.message)?.[0] : undefined
}

/** Whether somebody else could answer the next command than the server that answered the last. */
export function raisesDoubt(error: unknown): boolean {
  return !HARMLESS.has(replyCode(error) ?? '')
}

/** The one error that stores throw. What a command held stays out of it, and so does what the server repeated of it. */
export function unavailableFor(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const code = replyCode(error)
  if (code !== undefined) return new StoreUnavailable(`Redis refused a command: ${code}`)
  return new StoreUnavailable(`Redis cannot be asked: ${nameOf(error)}`)
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.constructor.name
}
