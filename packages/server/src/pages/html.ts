/** Markup that is safe to send: made by `html` alone. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template: text is escaped, markup is not, and nothing is left out. */
export type Insertion = string | number | Html | readonly Html[] | undefined | false

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  const whole = text.toWellFormed().replaceAll('\0', '\uFFFD')
  return whole.replaceAll(/[&<>"'`]/g, (character) => ENTITIES[character] ?? character)
}

function markupOf(insertion: Insertion): string {
  if (insertion === undefined || insertion === false) return ''
  if (insertion instanceof Html) return insertion.text
  if (typeof insertion === 'object') return insertion.map(({ text }) => text).join('')
  return escapeHtml(String(insertion))
}

/**
 * Markup with everything escaped that is put into it, unless it is markup itself. Attributes must be quoted.
 *
 * @example
 * html`<p title="${title}">${text}</p>`
 */
export function html(strings: TemplateStringsArray, ...insertions: readonly Insertion[]): Html {
  return new Html(String.raw({ raw: strings }, ...insertions.map(markupOf)))
}
