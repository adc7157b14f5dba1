import { RevocationFeed, type FeedParts, type NodeBoard } from '@counterfoil/core'
import { patienceMs } from '@counterfoil/protocol'
import type { Mutant } from '../mutant.ts'

/** Opens a feed that believes to have been there for long, and alone: as if the process before it had granted nothing. */
async function openWithoutMemory(parts: FeedParts): Promise<RevocationFeed> {
  let isOpen = false
  const monotonic = (): number => parts.clock.monotonic() - (isOpen ? 0 : patienceMs(parts.leaseMs))
  const clock = { now: () => parts.clock.now(), monotonic }
  const before = new Set((await parts.peers?.board.read())?.map(({ node }) => node))
  const peers = parts.peers && { ...parts.peers, board: withoutNodes(parts.peers.board, before) }
  const feed = await RevocationFeed.open({ ...parts, peers, clock })
  isOpen = true
  return feed
}

function withoutNodes(board: NodeBoard, hidden: ReadonlySet<string>): NodeBoard {
  return { ...board, read: async () => (await board.read()).filter(({ node }) => !hidden.has(node)) }
}

/** Mistakes of the authority. */
export const NODE_MUTANTS: readonly Mutant[] = [
  {
    name: 'incarnation-ignored',
    says: 'the log keeps its incarnation when it loses a suffix',
    keepsIncarnation: true,
  },
  {
    name: 'leases-forgotten-at-restart',
    says: 'a node that has just started waits for nobody from before',
    feed: openWithoutMemory,
  },
  {
    name: 'lease-noted-too-late',
    says: 'a lease is noted after the head was read',
    lease: async (feed, parts) => {
      const unwatched = await RevocationFeed.open({ ...parts, peers: undefined })
      return async (request) => {
        const answer = await unwatched.lease(request)
        // Now it is noted, and the answer that belongs to it is thrown away.
        await feed.lease(request)
        return answer
      }
    },
  },
  {
    name: 'word-of-leases-never-kept',
    says: 'leases are granted without being noted at all',
    lease: async (_, parts) => {
      const unwatched = await RevocationFeed.open({ ...parts, peers: undefined })
      return (request) => unwatched.lease(request)
    },
  },
]
