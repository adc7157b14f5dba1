import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorStatus } from '@counterfoil/protocol'
import type { Fault } from '../http/faults.ts'
import { markFault, problemOfFault } from './faults.ts'
import { fieldOf, formOf, freshForm, type Field } from './forms.ts'
import { html, type Html } from './html.ts'
import { hrefOf, keptOf, sendPage } from './layout.ts'
import { PATHS, readFields, viewOf, type Fields, type PagePath, type Site, type View } from './site.ts'

/** What a form that could not be taken keeps without being shown. */
const HIDDEN = ['session', 'confirm'] as const

function visibleFields({ words, path, site }: View, sent: Fields): readonly Field[] {
  const hint = words.passwordHint(site.context.policy.passwordMinLength)
  const password = { name: 'password', label: words.password, type: 'password' } as const
  const fields: readonly Field[] = [
    { name: 'email', label: words.email, autocomplete: 'username' },
    { name: 'name', label: words.name, autocomplete: 'name', optional: words.optional },
    path === PATHS.signUp
      ? { ...password, autocomplete: 'new-password', hint }
      : { ...password, autocomplete: 'current-password' },
    { name: 'current_password', label: words.currentPassword, type: 'password', autocomplete: 'current-password' },
    { name: 'new_password', label: words.newPassword, type: 'password', autocomplete: 'new-password', hint },
  ]
  return fields.filter(({ name }) => Object.hasOwn(sent, name))
}

/** The form that was sent, to be sent again with everything that was in it but passwords. */
function sameForm(view: View, path: string, sent: Fields): Html {
  const state = freshForm('again', sent)
  const hidden = HIDDEN.flatMap((name) => {
    const value = sent[name]
    return value === undefined ? [] : [html`<input type="hidden" name="${name}" value="${value}" />`]
  })
  const fields = visibleFields(view, sent).map((field) => fieldOf(state, field))
  return formOf(view, path, html`${hidden}${fields}<button class="main" type="submit">${view.words.tryAgain}</button>`)
}

/** The page that a path of a form belongs to: `/my/account/name` to `/my/account`. */
function pageOf(path: string): PagePath {
  const isPage = (each: PagePath): boolean => each !== PATHS.home && each !== PATHS.signOut && path.startsWith(each)
  return Object.values(PATHS).find(isPage) ?? PATHS.home
}

/** Where somebody goes from a page on which trying again is no use. */
function wayBack(view: View, { code }: Fault, path: string): Html {
  const { words } = view
  const wantsSignIn = code === 'credential_ended' || code === 'sign_up_closed'
  if (wantsSignIn) return html`<a class="main" href="${hrefOf(view, PATHS.signIn, keptOf(view))}">${words.signIn}</a>`
  const back = code === 'not_found' || code === 'method_not_allowed' ? PATHS.home : pageOf(path)
  return html`<a class="main" href="${hrefOf(view, back)}">${words.back}</a>`
}

/** Answers with a page that says what is wrong. 503 is "cannot tell": no cookie is touched, and what was typed is still there. */
export function sendFaultPage(site: Site, request: FastifyRequest, reply: FastifyReply, fault: Fault): undefined {
  const path = request.routeOptions.url ?? request.url.split('?', 1)[0] ?? PATHS.home
  const view = viewOf(site, request, pageOf(path))
  const { words, language } = view
  const isUnavailable = errorStatus(fault.code) === 503
  markFault(reply, fault)
  const again =
    request.method === 'POST'
      ? sameForm(view, path, readFields(request.body))
      : html`<a class="main" href="${hrefOf(view, path, keptOf(view))}">${words.tryAgain}</a>`
  return sendPage(reply, view, {
    title: isUnavailable ? words.unavailable : words.wrong,
    isProblem: true,
    notice: html`<div class="notice bad" role="alert" tabindex="-1" autofocus>
      <p>${problemOfFault(fault, words, language).text}</p>
    </div>`,
    main: html`<div class="card">${isUnavailable ? again : wayBack(view, fault, path)}</div>`,
  })
}
