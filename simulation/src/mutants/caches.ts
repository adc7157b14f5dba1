import type { OwnLease, RevocationFeed } from '@counterfoil/core'
import type { Mutant } from '../mutant.ts'

function under(feed: RevocationFeed, change: Partial<OwnLease>, isCurrent = () => feed.isCurrent): OwnLease {
  return {
    get isCurrent() {
      return isCurrent()
    },
    position: () => feed.position(),
    keepCurrent: async () => feed.keepCurrent(),
    subscribe: (listener) => feed.subscribe(listener),
    ...change,
  }
}

/** Mistakes of a node that keeps sessions. */
export const CACHE_MUTANTS: readonly Mutant[] = [
  {
    name: 'kept-without-a-lease',
    says: 'a node uses what it keeps, whether it has heard of the log lately or not',
    ownLease: (feed) => under(feed, {}, () => true),
  },
  {
    name: 'endings-of-sessions-alone',
    says: 'a node lets go of a session that is ended, and of none that ends with others',
    ownLease: (feed) =>
      under(feed, {
        subscribe: (listener) =>
          feed.subscribe({
            ...listener,
            records: (push) =>
              listener.records({ ...push, records: push.records.filter(({ kind }) => kind === 'session') }),
          }),
      }),
  },
  {
    name: 'kept-across-logs',
    says: 'a node goes on with what it kept when the log is another one',
    ownLease: (feed) =>
      under(feed, { subscribe: (listener) => feed.subscribe({ ...listener, resync: () => undefined }) }),
  },
]
