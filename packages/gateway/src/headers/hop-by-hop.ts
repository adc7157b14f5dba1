/** Headers about one connection, which end where it does (RFC 9110 §7.6.1), and `Proxy-*`, which is for proxies. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What `Connection` names too, in lower case; undefined when nothing. */
export function namedByConnection(values: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined
  for (const value of values) {
    if (value === 'keep-alive' || value === 'close') continue
    for (const each of value.split(',')) {
      const name = each.trim().toLowerCase()
      if (name !== '' && name !== 'close' && name !== 'keep-alive') (named ??= new Set()).add(name)
    }
  }
  return named
}
