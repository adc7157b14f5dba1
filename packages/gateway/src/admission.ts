import type { Accepted, Decision, Verifier } from '@counterfoil/verifier'
import { answerTo, forbid, refuseSeveral, type ReadyAnswer } from '@counterfoil/verifier/answers'
import { problem } from './answers.ts'
import { changesSomething, mayChange } from './identity/cross-site.ts'
import { readCredential, type Presented } from './identity/credential.ts'
import type { Head } from './requests/head.ts'
import type { Route } from './settings.ts'

/** Who is let in, and by what; or the answer in their stead. */
export type Admission =
  | { readonly accepted: Accepted | undefined; readonly presented: Presented | undefined }
  | { readonly answer: ReadyAnswer }

const NOBODY: Admission = { accepted: undefined, presented: undefined }

/** What deciding takes. */
export interface AdmissionParts {
  readonly verifier: Verifier
  /** Whose pages may use cookies here. */
  readonly origins: ReadonlySet<string>
}

/** Decides whether a request may pass a route: at once wherever the verifier can tell at once. Never rejects. */
export function admit(
  { verifier, origins }: AdmissionParts,
  route: Route,
  head: Head,
  method: string,
): Admission | Promise<Admission> {
  if (route.isPublic) return NOBODY
  const presented = readCredential(head.authorization, head.cookies)
  if (presented === 'ambiguous') return { answer: refuseSeveral() }
  if (presented?.carrier === 'cookie' && changesSomething(method) && !mayChange(head, origins))
    return { answer: problem('cross_origin') }
  const { onStale, audience, maxAuthAgeSeconds } = route
  const isPlain = onStale === undefined && audience === undefined && maxAuthAgeSeconds === undefined
  const decision = verifier.verify(presented?.text, isPlain ? undefined : { onStale, audience, maxAuthAgeSeconds })
  if (decision instanceof Promise) return decision.then((later) => conclude(route, later, presented))
  return conclude(route, decision, presented)
}

function conclude(route: Route, decision: Decision, presented: Presented | undefined): Admission {
  if (decision.outcome !== 'accepted') return { answer: answerTo(decision, route.maxAuthAgeSeconds) }
  const { roles, strategy } = decision.identity
  const hasRole = route.roles.length === 0 || route.roles.some((role) => roles.includes(role))
  const hasStrategy = route.strategies.length === 0 || route.strategies.includes(strategy)
  return hasRole && hasStrategy ? { accepted: decision, presented } : { answer: forbid() }
}
