import type { LogHead } from '@counterfoil/protocol'
import type { Unsubscribe } from './revocation-log.ts'

/** What a node says about the leases that it has granted. */
export interface NodeReport {
  /** 128 random bits of this process: one that starts again is another node. */
  readonly node: string
  /** Grows with each report: who reads the same number again has heard nothing new. */
  readonly serial: number
  /** No lease of this node lets anybody decide without knowing of everything up to here. */
  readonly obeyed: LogHead
  /** Verifiers that have told this node that they have applied everything up to a place; whichever node granted their leases. */
  readonly heard: { readonly head: LogHead; readonly verifiers: readonly string[] } | undefined
  /** Somebody at this node waits until everybody obeys up to here. Undefined: nobody does. */
  readonly awaited: LogHead | undefined
}

/**
 * Where the nodes of one installation tell one another how far their leases have come, so that a synchronous revocation (G2) need not wait for
 * leases to run out. It keeps no time: who reads it judges by what changes. Rejects with `StoreUnavailable` only.
 */
export interface NodeBoard {
  /** Puts a report in the place of the node's last one. One with a serial no higher than that changes nothing. */
  report(report: NodeReport): Promise<void>

  /** The last report of every node, in any order: also of those that resolved just before this was called, at any node. */
  read(): Promise<NodeReport[]>

  /** Takes away the report of a node, if it is still the one with this serial. */
  remove(node: string, serial: number): Promise<boolean>

  /** Calls back when a report has come, this node's own included or not. A hint: it may be lost, doubled, or come early. */
  watch(onReport: () => void): Unsubscribe
}
