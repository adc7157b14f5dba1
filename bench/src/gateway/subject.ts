/** Something whose CPU is counted. */
export interface Party {
  cpuMicros(): number
  /** Absent where it is not known. */
  kernelMicros?(): number
}

/** A way through a gateway to the service. */
export interface Subject {
  readonly name: string
  /** What is asked for, again and again. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** All that takes part in it but the service. */
  readonly parties: readonly Party[]
  readonly promises: Promises
}

/** What a way through a gateway does beside passing on; it is checked before anything is measured. */
export interface Promises {
  /** Whether it turns away who shows no credential. */
  readonly refusesNobody?: boolean
  /** The account that the service is told of. */
  readonly account?: string
  /** What becomes of the credential: as it came, gone, or a token of the gateway's own for this issuer and audience. */
  readonly credential?: 'passed on' | 'withheld' | { readonly issuer: string; readonly audience: string }
}
