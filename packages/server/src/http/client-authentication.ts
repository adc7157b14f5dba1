import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Application } from '@counterfoil/core'
import type { ApplicationId } from '@counterfoil/protocol'
import type { KnownVerifier, ServerContext } from '../context.ts'
import { countHeader, readBasic, readScheme } from './credentials.ts'
import { oauthFault, type OAuthFault } from './oauth-errors.ts'

/** The form members that say who asks. */
export interface ClientForm {
  readonly client_id?: string | undefined
  readonly client_secret?: string | undefined
}

/** A name and a secret as they were presented, in each reading that they may be meant in. */
interface Shown {
  readonly id: string
  readonly secret: string | undefined
}

/** The members of a request that say who asks. */
export interface ClientSource {
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
}

const WRONG = oauthFault('invalid_client', 'The application or verifier is unknown, or its secret is wrong.')
const TWO_WAYS = oauthFault('invalid_request', 'The application is authenticated in more than one way. Use one.')

/** Whether a source has an `Authorization` header too many (RFC 6749 §2.3: one method per request). */
function showsTwoWays({ headers, rawHeaders }: ClientSource, form: ClientForm): boolean {
  if (headers.authorization === undefined) return false
  return form.client_secret !== undefined || countHeader(rawHeaders, 'authorization') > 1
}

/** RFC 6749 §2.3.1 has both parts form-encoded; many programs send them as they are. Both readings are tried. */
function readings(authorization: string | undefined): readonly Shown[] {
  const pair = readBasic(authorization)
  if (pair === undefined) return []
  const plain = { id: pair.name, secret: pair.secret }
  const decoded = { id: formDecode(pair.name), secret: formDecode(pair.secret) }
  return decoded.id === plain.id && decoded.secret === plain.secret ? [plain] : [plain, decoded]
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/**
 * The application that asks: authenticated if it has a secret, else by its `client_id` alone. `anonymous` when the request names none.
 */
export async function authenticateApplication(
  context: ServerContext,
  source: ClientSource,
  form: ClientForm,
): Promise<Application | OAuthFault | 'anonymous'> {
  if (showsTwoWays(source, form)) return TWO_WAYS
  const { authorization } = source.headers
  if (authorization === undefined) {
    if (form.client_id === undefined) return form.client_secret === undefined ? 'anonymous' : WRONG
    return (await findAuthentic(context, { id: form.client_id, secret: form.client_secret })) ?? WRONG
  }
  for (const shown of readings(authorization)) {
    if (form.client_id !== undefined && form.client_id !== shown.id) continue
    const application = await findAuthentic(context, shown)
    if (application !== undefined) return application
  }
  return WRONG
}

/** A public application that shows an empty secret in HTTP Basic shows none (RFC 6749 §2.3.1). */
async function findAuthentic({ auth }: ServerContext, { id, secret }: Shown): Promise<Application | undefined> {
  return auth.authenticateApplication(id as ApplicationId, secret === '' ? undefined : secret)
}

/** SHA-256 of a verifier's key: what is compared, in constant time. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** The verifier with this key, and this name if one was said. Every key is compared, so that time tells nothing. */
function findVerifier(verifiers: readonly KnownVerifier[], key: string, name?: string): KnownVerifier | undefined {
  const shown = hashKey(key)
  return verifiers
    .filter((verifier) => timingSafeEqual(verifier.keyHash, shown))
    .find((verifier) => name === undefined || verifier.name === name)
}

/** The verifier whose key is in the header, or what is wrong with it. */
export function authenticateVerifier(
  { verifiers }: Pick<ServerContext, 'verifiers'>,
  { headers, rawHeaders }: ClientSource,
): KnownVerifier | 'credential_absent' | 'credential_untrusted' | 'ambiguous_credentials' {
  if (countHeader(rawHeaders, 'authorization') > 1) return 'ambiguous_credentials'
  const key = readScheme(headers.authorization, 'bearer')
  if (key === undefined) return 'credential_absent'
  return findVerifier(verifiers, key) ?? 'credential_untrusted'
}

/** Who may introspect: a verifier by its key, or an application by its secret (RFC 7662 §2.1). */
export async function authenticateIntrospector(
  context: ServerContext,
  source: ClientSource,
  form: ClientForm,
): Promise<KnownVerifier | Application | OAuthFault> {
  if (showsTwoWays(source, form)) return TWO_WAYS
  const key = readScheme(source.headers.authorization, 'bearer')
  if (key !== undefined) return findVerifier(context.verifiers, key) ?? WRONG
  for (const { id, secret } of readings(source.headers.authorization)) {
    const verifier = findVerifier(context.verifiers, secret ?? '', id)
    if (verifier !== undefined) return verifier
  }
  const application = await authenticateApplication(context, source, form)
  if (application === 'anonymous')
    return oauthFault('invalid_client', 'This needs the key of a verifier or the secret of an application.')
  return 'error' in application || application.secretHash !== undefined ? application : WRONG
}
