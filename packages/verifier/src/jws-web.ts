import { compactVerify, importJWK } from 'jose'
import type { JwsEngine, SignatureCheck } from './engine.ts'

/** Checks signatures with WebCrypto, through jose: wherever there is no node:crypto. */
export function webEngine(): JwsEngine {
  return {
    async prepare({ algorithm, material, signatureBytes }) {
      try {
        const key = await importJWK({ ...material }, algorithm)
        // Deno imports a point that is not on its curve, and notices only when it is used (RFC 8725 §3.4).
        if (material.kty === 'EC' && key instanceof CryptoKey)
          await crypto.subtle.verify(
            { name: 'ECDSA', hash: 'SHA-256' },
            key,
            new Uint8Array(signatureBytes).fill(1),
            new Uint8Array(),
          )
        const check: SignatureCheck = (jws) =>
          jws.signature.length === signatureBytes &&
          compactVerify(jws.compact, key, {
            algorithms: algorithm === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [algorithm],
          }).then(
            () => true,
            () => false,
          )
        return check
      } catch {
        return undefined
      }
    },
  }
}
