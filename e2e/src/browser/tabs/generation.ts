/** Where the generation stands in the bytes of an opaque token (rotation.md): after format, key number and session id. */
const GENERATION_AT = 18

/** The generation of the refresh token in a `Cookie` or `Set-Cookie` header; undefined when there is none. */
export function generationIn(header: string): number | undefined {
  const text = refreshTokenIn(header)
  return text === undefined ? undefined : Buffer.from(text.slice(4), 'base64url').readUInt32BE(GENERATION_AT)
}

/** The opaque refresh token in a `Cookie` or `Set-Cookie` header. */
export function refreshTokenIn(header: string): string | undefined {
  return /__Secure-refresh-[^=]+=(cfr_[\w-]+)/.exec(header)?.[1]
}
