function write(placeholder: string, value: unknown): string {
  return placeholder === '%j' ? JSON.stringify(value) : String(value)
}

function memberOf(row: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => Reflect.get(Object(value), name), row)
}

/** The title of one row of a table: `%s`, `%i` and `%j` stand for its items in turn, `$name` for a member. */
export function titleOf(pattern: string, row: unknown): string {
  const items = Array.isArray(row) ? [...(row as unknown[])] : [row]
  const filled = pattern.replace(/%[sij]/g, (placeholder) => write(placeholder, items.shift()))
  return filled.replace(/\$([a-zA-Z.]+)/g, (_, path: string) => String(memberOf(row, path)))
}
