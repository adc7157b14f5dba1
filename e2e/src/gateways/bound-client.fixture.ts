import { ROUTES } from '@counterfoil/protocol'
import { generateKeyPair, generateProof } from 'dpop'
import { vi } from 'vitest'
import { PASSWORD, send, textIn } from '../client.ts'
import { VISITOR, type Scene } from './scene.ts'

/** What a proof is made for, beside the address. */
export interface ProofFor {
  readonly method?: string
  readonly nonce?: string | undefined
  /** How far the clock of the client is ahead, in milliseconds. */
  readonly aheadMs?: number
}

/** A client whose session is bound to its key. */
export interface BoundClient {
  readonly token: string
  /** A proof for this URL as a header, made by the package `dpop`. */
  prove(this: void, url: string, more?: ProofFor): Promise<string>
}

/** Signs in with a proof; once more where a nonce is asked for. */
export async function bind(scene: Scene): Promise<BoundClient> {
  const keys = await generateKeyPair('ES256')
  const json = { client_id: 'app', email: VISITOR, password: PASSWORD }
  const signIn = async (nonce?: string) => {
    const dpop = await generateProof(keys, scene.origin + ROUTES.sessions, 'POST', nonce)
    return send(scene.issuerUrl, ROUTES.sessions, { json, headers: { dpop } })
  }
  const first = await signIn()
  const nonce = first.headers.get('dpop-nonce')
  const answer = first.status === 401 && nonce !== null ? await signIn(nonce) : first
  const token = textIn(answer, 'access_token')
  if (token === undefined || answer.body['token_type'] !== 'DPoP') throw new Error(`not bound: ${answer.status}`)
  return {
    token,
    prove: async (url, { method = 'GET', nonce: given, aheadMs = 0 } = {}) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + aheadMs })
      try {
        return `DPoP: ${await generateProof(keys, url, method, given, token)}`
      } finally {
        vi.useRealTimers()
      }
    },
  }
}
