import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import { assertOptions, assertRequirements, authenticateRequest, requirePassage } from './authenticate.ts'
import type { AuthenticateOptions, Passport, Presented, ReadyAnswer, Requirements } from './authenticate.ts'

const passports = new WeakMap<object, Passport>()

function passportOf(request: object): Passport {
  const passport = passports.get(request)
  if (passport === undefined)
    throw new TypeError('nothing has authenticated this request: authenticate goes before require')
  return passport
}

/**
 * Who sent a request that has been let in; undefined: nobody, where that is allowed. `request` is the object that it was let in with.
 *
 * @throws {TypeError} when nothing has authenticated this request.
 */
export function acceptedOf(request: object): Accepted | undefined {
  return passportOf(request).accepted
}

/**
 * Makes what finds out who sends a request, and remembers it by this object. It gives the answer to send if the request ends here.
 *
 * @throws {TypeError} when the options could not mean anything.
 */
export function admission(verifier: Verifier, options: AuthenticateOptions = {}) {
  assertOptions(options)
  return async (request: object, presented: Presented): Promise<ReadyAnswer | undefined> => {
    const judged = await authenticateRequest(verifier, presented, options)
    if ('answer' in judged) return judged.answer
    passports.set(request, judged.passport)
    return undefined
  }
}

/**
 * Makes what lets pass who meets the requirements. It gives the answer to send if the request may not pass, and rejects with a `TypeError` when
 * nothing has authenticated it.
 *
 * @throws {TypeError} when the requirements could not mean anything.
 */
export function passage(requirements: Requirements = {}) {
  assertRequirements(requirements)
  return async (request: object): Promise<ReadyAnswer | undefined> => {
    const judged = await requirePassage(passportOf(request), requirements)
    if ('answer' in judged) return judged.answer
    // A stricter look ends sooner, and so does what goes on under it.
    passports.set(request, judged.passport)
    return undefined
  }
}

/** Calls back when what let a request in ends, until what comes back is called; at once if it has ended already. */
export function whenEnded(accepted: Accepted | undefined, end: () => unknown): () => void {
  if (accepted === undefined) return () => undefined
  const { signal } = accepted
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return () => signal.removeEventListener('abort', end)
}
