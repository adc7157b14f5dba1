import type { Page } from 'playwright-core'

/** A value of IndexedDB, as far as a script of the page can read it. */
export interface KeptValue {
  readonly database: string
  readonly key: string
  /** As JSON; of keys of WebCrypto, all that can be got out of them. */
  readonly value: string
}

/** Everything that scripts of an origin find there. */
export interface Kept {
  readonly cookies: string
  readonly localStorage: Readonly<Record<string, string>>
  readonly sessionStorage: Readonly<Record<string, string>>
  readonly databases: readonly KeptValue[]
  /** Names of the caches that service workers fill. */
  readonly caches: readonly string[]
}

/** Reads what the page's origin keeps, with all that a script of it can do. */
export function readKept(page: Page): Promise<Kept> {
  return page.evaluate(async () => {
    const settled = <Result>(request: IDBRequest<Result>): Promise<Result> =>
      new Promise((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result))
        request.addEventListener('error', () => reject(request.error ?? new Error('no reason')))
      })
    const exported = async (key: CryptoKey): Promise<unknown> => {
      const { type, extractable, usages } = key
      const formats = ['jwk', 'pkcs8', 'spki', 'raw'] as const
      const tries = formats.map((format) =>
        crypto.subtle.exportKey(format, key).then(
          (got) => (got instanceof ArrayBuffer ? [...new Uint8Array(got)].join() : got),
          (error: unknown) => `refused: ${String(error)}`,
        ),
      )
      return { type, extractable, usages, exported: await Promise.all(tries) }
    }
    const readable = async (value: unknown): Promise<unknown> => {
      if (value instanceof CryptoKey) return exported(value)
      if (value === null || typeof value !== 'object') return value
      const members = Object.entries(value).map(async ([name, each]) => [name, await readable(each)] as const)
      return Object.fromEntries(await Promise.all(members))
    }
    const databases: KeptValue[] = []
    for (const { name: database = '' } of await indexedDB.databases()) {
      const opened = await settled(indexedDB.open(database))
      for (const name of opened.objectStoreNames) {
        const store = opened.transaction(name).objectStore(name)
        const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())])
        for (const [at, key] of keys.entries())
          databases.push({ database, key: JSON.stringify(key), value: JSON.stringify(await readable(values[at])) })
      }
      opened.close()
    }
    return {
      cookies: document.cookie,
      localStorage: Object.fromEntries(Object.entries(localStorage)),
      sessionStorage: Object.fromEntries(Object.entries(sessionStorage)),
      databases,
      caches: await caches.keys(),
    }
  })
}
