import { compactVerify, importJWK } from 'jose'
import type { JwsEngine, SignatureCheck } from './engine.ts'

/** Checks signatures with WebCrypto, through jose: wherever there is no node:crypto. */
export function webEngine(): JwsEngine {
  return {
    async prepare({ algorithm, material, signatureBytes }) {
      try {
        const key = await importJWK({ ...material }, algorithm)
        const check: SignatureCheck = (jws) =>
          jws.signature.length === signatureBytes &&
          compactVerify(jws.compact, key, { algorithms: [algorithm] }).then(
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
