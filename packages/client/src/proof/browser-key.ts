import type { ProofKey } from '../environment.ts'

const STORE = 'keys'
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const

/**
 * A key that no script can read: made by WebCrypto, not extractable, kept in IndexedDB, where all tabs find the same. Undefined where there is no such
 * place; rejects where there is one that does not answer, as in private windows of some browsers, and when a disk is full.
 */
export async function openBrowserKey(name: string, make: boolean): Promise<ProofKey | undefined> {
  if (typeof indexedDB === 'undefined' || !isSecureContext) return undefined
  const database = await openDatabase()
  try {
    const known = await ask<CryptoKeyPair | undefined>(database, 'readonly', (store) => store.get(name))
    const pair = known ?? (make ? await addKey(database, name) : undefined)
    return pair && (await proofKey(pair))
  } finally {
    database.close()
  }
}

/** Of two tabs that make one at the same time the first wins; both use that. */
async function addKey(database: IDBDatabase, name: string): Promise<CryptoKeyPair> {
  const made = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
  await ask(database, 'readwrite', (store) => store.add(made, name)).catch(() => undefined)
  return ask<CryptoKeyPair>(database, 'readonly', (store) => store.get(name))
}

async function proofKey({ privateKey, publicKey }: CryptoKeyPair): Promise<ProofKey> {
  const { kty, crv, x, y } = (await crypto.subtle.exportKey('jwk', publicKey)) as Record<
    'kty' | 'crv' | 'x' | 'y',
    string
  >
  const sign = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, bytes))
  return { sign, publicJwk: { kty, crv, x, y } }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('counterfoil', 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB gave up')))
  })
}

function ask<Result>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  what: (store: IDBObjectStore) => IDBRequest,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode)
    const request = what(transaction.objectStore(STORE))
    transaction.addEventListener('complete', () => resolve(request.result))
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('IndexedDB gave up')))
  })
}
