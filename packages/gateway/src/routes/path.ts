/** What may stand for itself in a path, so that its percent-encoding says the same (RFC 3986 §2.3). */
const UNRESERVED = /[A-Za-z0-9._~-]/

/** A dot segment, a backslash, NUL, or a slash in disguise: servers differ about what these mean. */
const TREACHEROUS = /(?:^|\/)\.{1,2}(?=\/|;|$)|[\\\0]/

/** Controls, what is not ASCII, and fragments; nothing of it may stand in a request target as it is (RFC 9112 §3.2). */
// oxlint-disable-next-line no-control-regex
const UNFIT = /[^\x21-\x7e]|#/

/** A path as routes are chosen by it: percent-encodings of unreserved characters undone, slashes merged, parameters of segments left out. */
export interface RoutePath {
  readonly text: string
  /** The same without case, where it differs: some services do not tell the two apart. */
  readonly folded: string | undefined
}

/**
 * Reads the path of a request target the way a service behind may read it. Undefined where two readers could come to different places: the request
 * is refused, for a route that protects must not be passed by on the side.
 */
export function readRoutePath(target: string): RoutePath | undefined {
  const query = target.indexOf('?')
  const end = query < 0 ? target.length : query
  const raw = end === target.length ? target : target.slice(0, end)
  if (!raw.startsWith('/') || UNFIT.test(raw)) return undefined
  const decoded = raw.includes('%') ? decodeUnreserved(raw) : raw
  if (decoded === undefined || TREACHEROUS.test(decoded)) return undefined
  const plain = decoded.includes(';') ? decoded.replaceAll(/;[^/]*/g, '') : decoded
  const text = plain.includes('//') ? plain.replaceAll(/\/{2,}/g, '/') : plain
  if (plain !== decoded && TREACHEROUS.test(text)) return undefined
  const folded = text.toLowerCase()
  return { text, folded: folded === text ? undefined : folded }
}

/** Undefined for an encoding that is none, and for encoded slashes, backslashes and NULs. */
function decodeUnreserved(path: string): string | undefined {
  let isTreacherous = /%(?![0-9A-Fa-f]{2})/.test(path)
  const decoded = path.replaceAll(/%([0-9A-Fa-f]{2})/g, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    if (character === '/' || character === '\\' || character === '\0') isTreacherous = true
    return UNRESERVED.test(character) ? character : encoded
  })
  return isTreacherous ? undefined : decoded
}
