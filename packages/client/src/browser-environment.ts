import { memoryStorage, type Channel, type Environment, type Notes } from './environment.ts'
import { openBrowserKey } from './proof/browser-key.ts'

/** What may be missing of it outside of browsers. */
const PLACE: Partial<
  Pick<typeof globalThis, 'navigator' | 'localStorage' | 'document' | 'location' | 'BroadcastChannel'>
> = globalThis

/** The environment of a browser, as far as there is one: Node, workers and React Native have a part of it. */
export function browserEnvironment(): Environment {
  return {
    fetch: (request) => fetch(request),
    origin: PLACE.location?.origin,
    now: () => Date.now(),
    monotonicNow: () => performance.now(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    locks: PLACE.navigator?.locks,
    openChannel: PLACE.document && PLACE.BroadcastChannel ? openChannel : undefined,
    openKey: openBrowserKey,
    onWake,
    isOffline: () => !(PLACE.navigator?.onLine ?? true),
    notes: openNotes(),
  }
}

function openChannel(name: string): Channel {
  const channel = new BroadcastChannel(name)
  return {
    post: (message) => channel.postMessage(message),
    listen: (listener) => channel.addEventListener('message', ({ data }) => listener(data)),
    close: () => channel.close(),
  }
}

/** The network is back; a page is looked at again; a page comes back as it was left, with the back button. */
function onWake(listener: () => void): () => void {
  const leaving = new AbortController()
  if (PLACE.document !== undefined) {
    for (const name of ['online', 'pageshow']) addEventListener(name, listener, leaving)
    document.addEventListener('visibilitychange', () => document.hidden || listener(), leaving)
  }
  return () => leaving.abort()
}

/** Some browsers throw where storage is switched off. */
function openNotes(): Notes {
  try {
    const { localStorage, document } = PLACE
    if (localStorage === undefined || document === undefined) return memoryStorage()
    return {
      get: (name) => localStorage.getItem(name) ?? undefined,
      set: (name, value) => localStorage.setItem(name, value),
      remove: (name) => localStorage.removeItem(name),
    }
  } catch {
    return memoryStorage()
  }
}
