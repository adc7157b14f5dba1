import { RevocationFeed, type FeedParts, type NodeBoard, type NodeReport } from '@counterfoil/core'
import type { Mutant } from '../mutant.ts'

/** A feed whose board is another one. */
function openOver(change: (board: NodeBoard, parts: FeedParts) => NodeBoard) {
  return (parts: FeedParts): Promise<RevocationFeed> => {
    const { peers } = parts
    return RevocationFeed.open({ ...parts, peers: peers && { ...peers, board: change(peers.board, parts) } })
  }
}

/** A board that takes only some of the reports, and says that it took all. */
function takingSome(board: NodeBoard, takes: (report: NodeReport) => boolean): NodeBoard {
  return { ...board, report: async (report) => (takes(report) ? board.report(report) : undefined) }
}

/** Mistakes in the dealings of the nodes with one another. */
export const PEER_MUTANTS: readonly Mutant[] = [
  {
    name: 'other-nodes-ignored',
    says: 'a node waits for its own leases alone',
    feed: openOver((board) => ({ ...board, read: async () => [] })),
  },
  {
    name: 'leases-unannounced',
    says: 'a node grants leases although the others do not know of it',
    feed: openOver((board) => takingSome(board, () => false)),
  },
  {
    name: 'announced-once',
    says: 'a node that has reported once goes on granting leases for long',
    feed: openOver((board, { clock, leaseMs }) => {
      let reportedAt = -Infinity
      return takingSome(board, () => {
        if (clock.monotonic() - reportedAt < 4 * leaseMs) return false
        reportedAt = clock.monotonic()
        return true
      })
    }),
  },
  {
    name: 'reports-lost-with-the-log',
    says: 'a node does not report again when the log is another one',
    feed: openOver((board) => {
      let first: string | undefined
      return takingSome(board, ({ obeyed }) => (first ??= obeyed.incarnation) === obeyed.incarnation)
    }),
  },
  {
    name: 'horizon-too-far',
    says: 'a node says that all its leases reach as far as the log does',
    feed: openOver((board, { log }) => ({
      ...board,
      report: async (report) => board.report({ ...report, obeyed: await log.head() }),
    })),
  },
  {
    name: 'heard-too-much',
    says: 'a node says of verifiers that they know more than they have said',
    feed: openOver((board) => ({
      ...board,
      report: async ({ heard, ...report }) =>
        board.report({
          ...report,
          heard: heard && { ...heard, head: { ...heard.head, position: heard.head.position + 20 } },
        }),
    })),
  },
]
