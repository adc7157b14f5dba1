/** The element with this id, of this kind. @throws {TypeError} when the page has none. */
export function find<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new TypeError(`the page has no #${id}`)
}

/** Fills a list with lines of a text, something faint, and a button where there is something to do. */
export function fill(list: HTMLElement, lines: readonly Line[], none: string): void {
  list.replaceChildren(...(lines.length === 0 ? [lineOf({ text: none })] : lines.map(lineOf)))
}

/** A line of a list. */
export interface Line {
  readonly text: string
  readonly faint?: string
  readonly action?: { readonly name: string; act(): void }
}

function lineOf({ text, faint, action }: Line): HTMLLIElement {
  const line = document.createElement('li')
  line.append(Object.assign(document.createElement('span'), { textContent: text }))
  if (faint !== undefined) line.append(Object.assign(document.createElement('small'), { textContent: faint }))
  if (action !== undefined) {
    const button = Object.assign(document.createElement('button'), { className: 'second', textContent: action.name })
    button.setAttribute('aria-label', `${action.name}: ${text}`)
    button.addEventListener('click', () => action.act())
    line.append(button)
  }
  return line
}
