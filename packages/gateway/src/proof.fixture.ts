import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { accessToken } from './edge.fixture.ts'

const { privateKey, publicKey } = await generateKeyPair('ES256')
const jwk = await exportJWK(publicKey)
/** An access token of Ada that is bound to a client's key. */
export const TOKEN = accessToken({ sub: 'ada', cnf: { jkt: await calculateJwkThumbprint(jwk) } })

/** A proof of possession of that key, as RFC 9449 §4.2 has it, for `GET` of the orders unless it says something else. */
export function prove(claims: object = {}): Promise<string> {
  const ath = createHash('sha256').update(TOKEN).digest('base64url')
  const usual = { htm: 'GET', htu: 'http://localhost:8080/orders', jti: randomUUID(), ath }
  return new SignJWT({ ...usual, iat: Math.floor(Date.now() / 1000), ...claims })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
    .sign(privateKey)
}
