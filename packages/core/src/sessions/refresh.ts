import { opaqueTokenKind, type OpaqueToken } from '@counterfoil/protocol'
import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Issuer } from '../issuer.ts'
import type { Outcome } from '../refusal.ts'
import { openOpaqueToken } from '../tokens/opaque-token.ts'
import type { SignedIn, Standing } from './caller.ts'
import { refreshSigned } from './refresh-signed.ts'
import { bindingOf, judgeProof } from './key-proof.ts'
import { decideRotation, decideSuccession, releasedUntil, type Succession } from './rotation.ts'
import type { Session } from './session.ts'
import { findStanding } from './standing.ts'
import { auditRefresh, endReused, goOn, maySpend, windowMs, type Presenter } from './succession.ts'

/** Others may rotate between a look and a write; each round somebody gets on, and a replay ends it. */
const MAX_ROUNDS = 8

const BUSY = { refused: 'busy', retryAfterMs: 100 } as const

/**
 * Buys new credentials with what a client holds of its session: a refresh token of either kind, or a session token. They have the form that
 * the application's sessions have now. What this issuer never made is refused without a look at the store.
 */
export async function refresh(issuer: Issuer, text: string, presenter: Presenter): Promise<Outcome<SignedIn>> {
  const kind = opaqueTokenKind(text)
  if (kind === undefined) return refreshSigned(issuer, text, presenter)
  const token = openOpaqueToken(kind, text, issuer.keys)
  if (token === 'malformed') return { refused: 'credential_malformed' }
  if (token === 'untrusted') return { refused: 'credential_untrusted' }
  return refreshStored(issuer, token, presenter)
}

async function refreshStored(issuer: Issuer, token: OpaqueToken, presenter: Presenter): Promise<Outcome<SignedIn>> {
  const { use } = presenter
  // A node that was paused meets requests that were given up long ago: by now the client has gone on elsewhere, and its own old token is no theft.
  if ((await presenter.hasHungUp?.()) === true) return BUSY
  let session = await issuer.sessions.find(token.sessionId, use.at)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const standing = session && (await findStanding(issuer, session))
    if (session === undefined || standing === undefined) return { refused: 'credential_ended' }
    if (!maySpend(standing.application, presenter)) return { refused: 'credential_untrusted' }
    // A proof is used up by looking at it.
    const unproven = round === 0 ? await judgeProof(session, presenter.proof) : undefined
    if (unproven !== undefined) return unproven
    switch (decideRotation(session, token.generation, bindingOf(session), use.at, windowMs(issuer))) {
      case 'rotate': {
        const outcome = await carryOn(issuer, session, standing, { token, ...presenter })
        if (outcome !== undefined && 'account' in outcome) return outcome
        session = outcome?.standing
        break
      }
      case 'heal':
        await auditRefresh(issuer, 'store.rollback_detected', session, use, { presented: token.generation })
        session = await issuer.sessions.raise(session.id, token.generation, use.at)
        break
      case 'recover':
        await auditRefresh(issuer, 'session.recovered', session, use)
        return goOn(issuer, session, standing, use.at)
      case 'replay':
        return goOn(issuer, session, standing, use.at)
      case 'overtaken':
        return BUSY
      case 'superseded':
        return { refused: 'credential_ended' }
      case 'reuse':
        return endReused(issuer, session, token.generation, use)
    }
  }
  // So many rounds lost means that many others won: the client tries again and meets a standing generation.
  return BUSY
}

/** Carries out what becomes of the current token, or answers the session as another has left it. */
async function carryOn(
  issuer: Issuer,
  session: Session,
  standing: Standing,
  { token, use }: Presenter & { readonly token: OpaqueToken },
): Promise<SignedIn | { readonly standing: Session } | undefined> {
  const succession = decideSuccession(session, token.kind, standing.application.strategy)
  if (succession === 'keep') {
    await issuer.sessions.touch(session.id, use.at, use.at + idleMsOf(issuer, standing))
    return goOn(issuer, session, standing, use.at)
  }
  const outcome = await advance(issuer, session, standing, { succession, use })
  if (outcome === undefined || 'standing' in outcome) return outcome
  const { strategy } = standing.application
  if (strategy !== session.strategy) {
    issuer.near.forget(session.id)
    await auditRefresh(issuer, 'session.moved', session, use, { from: session.strategy, to: strategy })
  }
  return goOn(issuer, outcome.advanced, standing, use.at)
}

function advance(
  issuer: Issuer,
  session: Session,
  standing: Standing,
  { succession, use }: Pick<Presenter, 'use'> & { readonly succession: Exclude<Succession, 'keep'> },
): ReturnType<Issuer['sessions']['advance']> {
  const { strategy } = standing.application
  const idleExpiresAt =
    succession === 'release' ? releasedUntil(use.at, windowMs(issuer)) : use.at + idleMsOf(issuer, standing)
  return issuer.sessions.advance(session.id, session.generation, {
    now: use.at,
    idleExpiresAt,
    use,
    ...(strategy !== 'stateless' && strategy !== session.strategy && { strategy }),
  })
}

function idleMsOf({ policy }: Issuer, { application }: Standing): number {
  return lifetimesOf(application, policy).idleMs
}
