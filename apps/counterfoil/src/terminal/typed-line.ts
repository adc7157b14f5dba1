/** What has been typed so far, and how it ended. */
export interface TypedLine {
  readonly text: string
  readonly ended?: 'entered' | 'abandoned' | undefined
}

/** The line after some keys of a terminal in raw mode: enter, backspace, Ctrl-U, Ctrl-C and Ctrl-D do what they do. */
export function typeKeys(line: TypedLine, keys: string): TypedLine {
  let text = Array.from(line.text)
  for (const key of keys) {
    if (key === '\r' || key === '\n') return { text: text.join(''), ended: 'entered' }
    if (key === '\u0003' || (key === '\u0004' && text.length === 0)) return { text: '', ended: 'abandoned' }
    if (key === '\u007F' || key === '\b') text.pop()
    else if (key === '\u0015') text = []
    else if (key >= ' ') text.push(key)
  }
  return { text: text.join('') }
}
