import { isRefusal, type Account, type Caller, type Outcome } from '@counterfoil/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { faultOfRefusal } from '../http/faults.ts'
import { originOf } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import { checkEmail, checkName, checkPassword, trimmed } from './checks.ts'
import { noticeOfDone, tellDone, type Done } from './done.ts'
import { markFault, problemOfRefusal, type Problem } from './faults.ts'
import { fieldOf, formOf, freshForm, summaryOf, type FormState } from './forms.ts'
import { html, type Html } from './html.ts'
import { hrefOf, sendPage } from './layout.ts'
import { dropSession, keepSession } from './session.ts'
import {
  leadTo,
  PAGE_ROUTE,
  PATHS,
  readFields,
  requireReader,
  viewOf,
  type Fields,
  type Site,
  type View,
} from './site.ts'

/** The forms of the page, by the last part of the path that they are sent to. */
export const FORMS = ['name', 'email', 'password', 'delete'] as const
type FormName = (typeof FORMS)[number]

/** What comes of a form: where to go, or what is wrong. */
type Result = { readonly to: string } | { readonly problems: readonly Problem[] }

function section(id: string, title: string, text: string, form: Html, grave = false): Html {
  return html`<section class="card${grave && ' grave'}" aria-labelledby="${id}-title">
    <header>
      <h2 id="${id}-title">${title}</h2>
      <p>${text}</p>
    </header>
    ${form}
  </section>`
}

function sectionsOf(view: View, account: Account, sent: FormState | undefined): readonly Html[] {
  const { words, site } = view
  const kept: Fields = { name: account.name ?? '', email: account.email }
  const stateOf = (id: FormName): FormState => (sent?.id === id ? sent : freshForm(id, kept))
  const send = (text: string, kind = 'main'): Html => html`<button class="${kind}" type="submit">${text}</button>`
  const current = {
    name: 'current_password',
    label: words.currentPassword,
    type: 'password',
    autocomplete: 'current-password',
  } as const
  const fresh = {
    name: 'new_password',
    label: words.newPassword,
    type: 'password',
    autocomplete: 'new-password',
  } as const
  const hint = words.passwordHint(site.context.policy.passwordMinLength)
  const form = (id: FormName, content: Html): Html => formOf(view, `${PATHS.account}/${id}`, content)
  const name = html`${fieldOf(stateOf('name'), { name: 'name', label: words.name, autocomplete: 'name', optional: words.optional })}${send(words.saveName)}`
  const email = html`${fieldOf(stateOf('email'), { name: 'email', label: words.email, autocomplete: 'email' })}
  ${fieldOf(stateOf('email'), current)}${send(words.saveEmail)}`
  // Password managers learn from it whose password it is; of a field of type hidden some learn nothing.
  const password = html`<input
      class="unseen"
      type="text"
      name="username"
      autocomplete="username"
      value="${account.email}"
      readonly
      tabindex="-1"
      aria-hidden="true"
    />
    ${fieldOf(stateOf('password'), current)}${fieldOf(stateOf('password'), { ...fresh, hint })}${send(words.savePassword)}`
  return [
    section('name', words.name, words.nameText, form('name', name)),
    section('email', words.email, words.emailText, form('email', email)),
    section('password', words.password, words.passwordText, form('password', password)),
    section(
      'delete',
      words.erase,
      words.eraseText,
      form('delete', html`${tick(stateOf('delete'), words.eraseConfirm)}${send(words.erase, 'harsh')}`),
      true,
    ),
  ]
}

function tick({ id, problems }: FormState, label: string): Html {
  const fault = problems.find(({ field }) => field === 'confirm')
  return html`<div class="field">
    ${fault !== undefined && html`<p class="fault" id="${id}-confirm-fault">${fault.text}</p>`}
    <div class="tick">
      <input
        type="checkbox"
        id="${id}-confirm"
        name="confirm"
        value="yes"
        ${fault !== undefined && html`aria-invalid="true" aria-describedby="${id}-confirm-fault"`}
      />
      <label for="${id}-confirm">${label}</label>
    </div>
  </div>`
}

function showAccount(
  reply: FastifyReply,
  view: View,
  account: Account,
  notice: Html | undefined,
  sent?: FormState,
): undefined {
  return sendPage(reply, view, {
    title: view.words.account,
    lead: view.words.accountLead,
    isProblem: sent !== undefined,
    notice: sent === undefined ? notice : html`${summaryOf(sent, view.words)}${notice}`,
    main: html`${sectionsOf(view, account, sent)}`,
  })
}

/** One form that was sent: by whom, and how it is answered. */
interface Sent {
  readonly site: Site
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly caller: Caller
  readonly view: View
  readonly fields: Fields
}

/** The result of a use case, or what is wrong in the reader's words. */
function problemsIn({ reply, view }: Sent, outcome: Outcome<object>): readonly Problem[] {
  if (!isRefusal(outcome)) return []
  markFault(reply, faultOfRefusal(outcome))
  return [problemOfRefusal(outcome, view.words, view.language)]
}

function finish(sent: Sent, outcome: Outcome<object>, done: Done): Result {
  const problems = problemsIn(sent, outcome)
  return problems.length > 0 ? { problems } : goBack(sent, done)
}

function goBack({ view, reply }: Sent, done: Done): Result {
  tellDone(reply, done)
  return { to: hrefOf(view, PATHS.account) }
}

const ACTS: Readonly<Record<FormName, (sent: Sent) => Promise<Result>>> = {
  name: async (sent) => {
    const { fields, view, caller, site, request } = sent
    const problems = checkName(fields, view.words)
    if (problems.length > 0) return { problems }
    const { auth, trusts } = site.context
    const { name = '' } = fields
    if (name === (caller.account.name ?? '')) return goBack(sent, 'unchanged')
    return finish(
      sent,
      await auth.changeAccount(caller, { name: name === '' ? null : name }, originOf(request.raw, trusts)),
      'name',
    )
  },
  email: async (sent) => {
    const { fields, view, caller, site, request } = sent
    const problems = [...checkEmail(fields, view.words), ...checkPassword(fields, 'current_password', view.words)]
    if (problems.length > 0) return { problems }
    const { auth, trusts } = site.context
    const { email = '', current_password: currentPassword } = fields
    if (email === caller.account.email) return goBack(sent, 'unchanged')
    return finish(
      sent,
      await auth.changeAccount(caller, { email, currentPassword }, originOf(request.raw, trusts)),
      'email',
    )
  },
  password: async (sent) => {
    const { fields, view, caller, site, request, reply } = sent
    const { words } = view
    const problems = [
      ...checkPassword(fields, 'current_password', words),
      ...checkPassword(fields, 'new_password', words),
    ]
    if (problems.length > 0) return { problems }
    const { auth, trusts } = site.context
    const { current_password: currentPassword = '', new_password: newPassword = '' } = fields
    const outcome = await auth.changePassword(caller, { currentPassword, newPassword }, originOf(request.raw, trusts))
    if (!isRefusal(outcome)) keepSession(site, reply, outcome)
    return finish(sent, outcome, 'password')
  },
  delete: async (sent) => {
    const { fields, view, caller, site, request, reply } = sent
    if (fields['confirm'] !== 'yes') return { problems: [{ field: 'confirm', text: view.words.eraseNeedsConfirm }] }
    const { auth, trusts } = site.context
    const outcome = await auth.eraseAccount(caller, originOf(request.raw, trusts))
    if (isRefusal(outcome)) return { problems: problemsIn(sent, outcome) }
    dropSession(reply)
    tellDone(reply, 'deleted', outcome.expiredAt)
    return { to: hrefOf(view, PATHS.signedOut) }
  },
}

/** Where somebody proves anew who they are, and comes back. */
function wayToSignIn(view: View): Html {
  const href = hrefOf(view, PATHS.signIn, { again: '', return_to: hrefOf(view, PATHS.account) })
  return html`<p><a class="plain" href="${href}">${view.words.signInAgain}</a></p>`
}

async function take(site: Site, request: FastifyRequest, reply: FastifyReply, id: FormName): Promise<undefined> {
  const caller = await requireReader(site, request, reply, PATHS.account)
  if (caller === undefined) return undefined
  const view = viewOf(site, request, PATHS.account, true)
  const fields = trimmed(readFields(request.body))
  const done = await ACTS[id]({ site, request, reply, caller, view, fields })
  if ('to' in done) return leadTo(reply, done.to)
  if (reply.statusCode < 400) reply.code(422)
  const further = done.problems.some(({ text }) => text === view.words.reauthenticate) ? wayToSignIn(view) : undefined
  return showAccount(reply, view, caller.account, further, { id, values: fields, problems: done.problems })
}

/** The page for name, email and password, and for deleting the account. */
export function addAccountPage(app: App, site: Site): void {
  app.get(PATHS.account, PAGE_ROUTE, async (request, reply) => {
    const caller = await requireReader(site, request, reply, PATHS.account)
    if (caller === undefined) return undefined
    const view = viewOf(site, request, PATHS.account, true)
    return showAccount(reply, view, caller.account, noticeOfDone(view, request, reply))
  })
  for (const id of FORMS)
    app.post(`${PATHS.account}/${id}`, PAGE_ROUTE, (request, reply) => take(site, request, reply, id))
}
