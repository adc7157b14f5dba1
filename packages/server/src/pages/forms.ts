import type { Problem } from './faults.ts'
import { html, type Html } from './html.ts'
import { hrefOf } from './layout.ts'
import type { Fields, View } from './site.ts'

/** A form as it is shown: what was sent before, but for passwords, and what is wrong with it. */
export interface FormState {
  /** Tells its fields from those of other forms of the page. */
  readonly id: string
  readonly values: Fields
  readonly problems: readonly Problem[]
}

/** One line of a form. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'password'
  /** What browsers and password managers fill in. */
  readonly autocomplete: string
  readonly hint?: string
  /** Stands beside the label where the field may be left empty. */
  readonly optional?: string
}

/** A form that nobody has sent. */
export function freshForm(id: string, values: Fields = {}): FormState {
  return { id, values, problems: [] }
}

/** Email addresses are typed as text: browsers would rewrite international ones. */
const EMAIL_INPUT = html`inputmode="email" autocapitalize="none" spellcheck="false"`

/** A field with its label, its hint, and what is wrong with it. Nothing keeps anybody from pasting (ASVS 6.2.7). */
export function fieldOf({ id, values, problems }: FormState, field: Field): Html {
  const { name, label, type = 'text', autocomplete, hint, optional } = field
  const fieldId = `${id}-${name}`
  const fault = problems.find((problem) => problem.field === name)
  const described = [hint !== undefined && `${fieldId}-hint`, fault !== undefined && `${fieldId}-fault`].filter(Boolean)
  return html`<div class="field">
    <label for="${fieldId}">${label}${optional !== undefined && html` <span>(${optional})</span>`}</label>
    ${hint !== undefined && html`<p class="hint" id="${fieldId}-hint">${hint}</p>`}
    ${fault !== undefined && html`<p class="fault" id="${fieldId}-fault">${fault.text}</p>`}
    <input
      id="${fieldId}"
      name="${name}"
      type="${type}"
      autocomplete="${autocomplete}"
      dir="auto"
      ${type === 'text' && html`value="${values[name] ?? ''}"`}
      ${name === 'email' && EMAIL_INPUT}
      ${optional === undefined && html`required`}
      ${described.length > 0 && html`aria-describedby="${described.join(' ')}"`}
      ${fault !== undefined && html`aria-invalid="true"`}
    />
  </div>`
}

/** What is wrong, above everything, where the focus goes when the page opens; each line leads to its field. */
export function summaryOf(state: FormState, words: View['words']): Html | undefined {
  if (state.problems.length === 0) return undefined
  const lines = state.problems.map(({ field, text }) =>
    field === undefined ? html`<li>${text}</li>` : html`<li><a href="#${state.id}-${field}">${text}</a></li>`,
  )
  return html`<div class="notice bad" role="alert" tabindex="-1" autofocus>
    <h2>${words.problems}</h2>
    <ul>
      ${lines}
    </ul>
  </div>`
}

/** A form that is sent to a path of the pages, with where it leads afterwards. What is wrong is said by the server, in the reader's language. */
export function formOf(view: View, action: string, content: Html): Html {
  const { returnTo, again } = view
  return html`<form method="post" action="${hrefOf(view, action)}" novalidate>
    ${returnTo !== undefined && html`<input type="hidden" name="return_to" value="${returnTo}" />`}
    ${again && html`<input type="hidden" name="again" value="" />`} ${content}
  </form>`
}
