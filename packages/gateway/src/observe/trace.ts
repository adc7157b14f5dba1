/** A trace that a request belongs to (W3C Trace Context). */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly id: string
  /** The header for whoever is next. */
  readonly traceparent: string
  /** Whether it came with the request; then what it says stays as it is. */
  readonly isGiven: boolean
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The trace that a header names (W3C Trace Context §3.2.2), or a new one: `random` gives 24 bytes. */
export function readTrace(header: string | undefined, random: () => Uint8Array): Trace {
  const id = header === undefined ? undefined : TRACEPARENT.exec(header)?.[1]
  if (header !== undefined && id !== undefined) return { id, traceparent: header, isGiven: true }
  const hex = Buffer.from(random()).toString('hex')
  const drawn = hex.slice(0, 32)
  return { id: drawn, traceparent: `00-${drawn}-${hex.slice(32, 48)}-00`, isGiven: false }
}
