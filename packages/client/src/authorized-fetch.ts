import { ClientError } from './client-error.ts'
import type { Held } from './held.ts'
import type { Keeper } from './keeper.ts'
import { judgeUnauthorized } from './verdict.ts'

/** Methods that may be repeated (RFC 9110 §9.2.2). */
const IDEMPOTENT = /^(GET|HEAD|OPTIONS|PUT|DELETE)$/
const MOST_WAITS = 3
const MOST_PROOFS = 2

/**
 * Sends a request with the user's credential: renewed before it runs out, and once more when the answer says that it has. What nobody can answer now (503) is
 * asked again. Where it cannot be told whether the user is signed in, it rejects with `unavailable` or `network`, and never looks like a sign-out.
 */
export async function fetchAuthorized(keeper: Keeper, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const { environment, issuer } = keeper.settings
  const original = new Request(input, init)
  let held = isOurs(keeper, original) ? await keeper.usable() : undefined
  let [hasRenewed, proofs, waits] = [false, 0, 0]
  for (;;) {
    const request = new Request(
      original.clone(),
      new URL(original.url).origin === new URL(issuer).origin ? { credentials: 'include' } : {},
    )
    if (held !== undefined) await authorize(keeper, request, held)
    const response = await environment.fetch(request)
    keeper.prover.note(request, response)
    if (response.status === 401 && held !== undefined) {
      const verdict = judgeUnauthorized(response.headers.get('www-authenticate') ?? '', await codeOf(response))
      if (verdict === 'proof' && ++proofs <= MOST_PROOFS) continue
      if ((verdict === 'expired' || verdict === 'ended') && !hasRenewed) {
        hasRenewed = true
        const next = await renewed(keeper, held)
        if (next === undefined) return response
        held = next
        continue
      }
      return response
    } else if (response.status === 503 && IDEMPOTENT.test(request.method) && waits < MOST_WAITS) {
      if (!(await keeper.pause(++waits, response.headers))) return response
    } else return response
  }
}

/** Whether the request is given the user's credential: one that has its own is not. @throws {TypeError} where it would go astray. */
function isOurs({ settings }: Keeper, { url, headers }: Request): boolean {
  if (headers.has('authorization')) return false
  const { origin } = new URL(url)
  if (settings.receivers.has(origin)) return true
  throw new TypeError(
    `${origin} is given no credential: add it to the option "origins" of the client, or use another fetch`,
  )
}

/** Other credentials than those; undefined when nobody is signed in any more, or they are all that there is. */
async function renewed(keeper: Keeper, used: Held): Promise<Held | undefined> {
  if (keeper.held === used) await keeper.renew(used.token)
  const { held } = keeper
  return held === used || (held?.token === undefined && used.token === undefined) ? undefined : held
}

async function authorize(keeper: Keeper, request: Request, held: Held): Promise<void> {
  const { token, scheme } = held
  if (token === undefined) return
  request.headers.set('authorization', `${scheme} ${token}`)
  if (scheme === 'Bearer') return
  const { key } = await keeper.proven(held)
  if (key === undefined) throw new ClientError('key_lost', 'The key that the session is bound to cannot be had.')
  await keeper.prover.prove(key, request, token)
}

/** The `code` of a problem (RFC 9457); the answer stays as it is for whoever asked. */
async function codeOf(response: Response): Promise<unknown> {
  if (response.headers.get('content-type')?.includes('json') !== true) return undefined
  const problem: { code?: unknown } = Object(
    await response
      .clone()
      .json()
      .catch(() => undefined),
  )
  return problem.code
}
