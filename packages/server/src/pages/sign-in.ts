import { isRefusal, type Outcome, type SignedIn } from '@counterfoil/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clearCookie, setCookie } from '../http/cookies.ts'
import { originOf } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import { faultOfRefusal } from '../http/faults.ts'
import { checkEmail, checkName, checkPassword, trimmed } from './checks.ts'
import { markFault, problemOfRefusal } from './faults.ts'
import { fieldOf, formOf, freshForm, summaryOf, type FormState } from './forms.ts'
import { html } from './html.ts'
import { hrefOf, sendPage } from './layout.ts'
import {
  findReader,
  leadTo,
  PAGE_ROUTE,
  PAGES_APPLICATION,
  PATHS,
  readFields,
  viewOf,
  type Fields,
  type Site,
  type View,
} from './site.ts'

/** Keeps a session in the cookie of this origin. */
export function keepSession({ context }: Site, reply: FastifyReply, { session, credentials }: SignedIn): void {
  if (credentials.sessionToken === undefined) return
  const lifeMs = session.expiresAt - context.clock.now()
  reply.header('set-cookie', setCookie(context.cookies.stateful, credentials.sessionToken, lifeMs))
}

/**
 * Removes the session's cookie, and what this origin has put away in the browser (ASVS 14.3.1). Without "cookies": that reaches every host of the
 * registrable domain, and would sign people out of what is not ours.
 */
export function dropSession({ context }: Site, reply: FastifyReply): void {
  reply.header('set-cookie', clearCookie(context.cookies.stateful))
  reply.header('clear-site-data', '"cache", "storage"')
}

function showSignIn(reply: FastifyReply, view: View, state: FormState): undefined {
  const { words, site, returnTo } = view
  const onwards: Record<string, string> = returnTo === undefined ? {} : { return_to: returnTo }
  return sendPage(reply, view, {
    title: words.signIn,
    lead: words.signInLead(site.theme.name),
    isProblem: state.problems.length > 0,
    notice: summaryOf(state, words),
    main: html`<div class="card">
        ${formOf(
          view,
          PATHS.signIn,
          html`${fieldOf(state, { name: 'email', label: words.email, autocomplete: 'username' })}
            ${fieldOf(state, { name: 'password', label: words.password, type: 'password', autocomplete: 'current-password' })}
            <button class="main" type="submit">${words.signIn}</button>`,
        )}
      </div>
      ${
        site.context.signUp === 'open' &&
        html`<p class="aside">
          ${words.noAccount} <a href="${hrefOf(view, PATHS.signUp, onwards)}">${words.signUp}</a>
        </p>`
      }`,
  })
}

function showSignUp(reply: FastifyReply, view: View, state: FormState): undefined {
  const { words, site, returnTo } = view
  const onwards: Record<string, string> = returnTo === undefined ? {} : { return_to: returnTo }
  const hint = words.passwordHint(site.context.policy.passwordMinLength)
  return sendPage(reply, view, {
    title: words.signUp,
    lead: words.signUpLead(site.theme.name),
    isProblem: state.problems.length > 0,
    notice: summaryOf(state, words),
    main: html`<div class="card">
        ${formOf(
          view,
          PATHS.signUp,
          html`${fieldOf(state, { name: 'email', label: words.email, autocomplete: 'username' })}
            ${fieldOf(state, { name: 'name', label: words.name, autocomplete: 'name', optional: words.optional })}
            ${fieldOf(state, { name: 'password', label: words.password, type: 'password', autocomplete: 'new-password', hint })}
            <button class="main" type="submit">${words.signUp}</button>`,
        )}
      </div>
      <p class="aside">${words.haveAccount} <a href="${hrefOf(view, PATHS.signIn, onwards)}">${words.signIn}</a></p>`,
  })
}

/** Starts a session of the pages; the one that the cookie held until now ends (ASVS 7.2.4). */
async function startSession(
  site: Site,
  request: FastifyRequest,
  { email = '', password = '' }: Fields,
): Promise<Outcome<SignedIn>> {
  const { auth, trusts } = site.context
  const origin = originOf(request.raw, trusts)
  const outcome = await auth.signIn({ applicationId: PAGES_APPLICATION.id, email, password }, origin)
  if (isRefusal(outcome)) return outcome
  const former = await findReader(site, request)
  if (former !== undefined) await auth.endSession(former, former.session.id, origin)
  request.subject = outcome
  return outcome
}

function arrive(view: View, reply: FastifyReply, signedIn: SignedIn): undefined {
  keepSession(view.site, reply, signedIn)
  return leadTo(reply, view.returnTo ?? hrefOf(view, PATHS.devices))
}

/** The page for signing in. */
export function addSignInPage(app: App, site: Site): void {
  app.get(PATHS.signIn, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signIn)
    const again = readFields(request.query)['again'] !== undefined
    if (!again && (await findReader(site, request)) !== undefined)
      return leadTo(reply, view.returnTo ?? hrefOf(view, PATHS.devices))
    return showSignIn(reply, view, freshForm('sign-in'))
  })
  app.post(PATHS.signIn, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signIn)
    const { words, language } = view
    const values = trimmed(readFields(request.body))
    const refuse = (problems: FormState['problems']) => showSignIn(reply, view, { id: 'sign-in', values, problems })
    const problems = [...checkEmail(values, words), ...checkPassword(values, 'password', words)]
    if (problems.length > 0) {
      reply.code(422)
      return refuse(problems)
    }
    const outcome = await startSession(site, request, values)
    if (!isRefusal(outcome)) return arrive(view, reply, outcome)
    markFault(reply, faultOfRefusal(outcome))
    return refuse([problemOfRefusal(outcome, words, language)])
  })
}

/** The page for making an account. Who has made one is signed in. */
export function addSignUpPage(app: App, site: Site): void {
  app.get(PATHS.signUp, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signUp)
    if ((await findReader(site, request)) !== undefined)
      return leadTo(reply, view.returnTo ?? hrefOf(view, PATHS.devices))
    return showSignUp(reply, view, freshForm('sign-up'))
  })
  app.post(PATHS.signUp, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signUp)
    const { words, language } = view
    const values = trimmed(readFields(request.body))
    const refuse = (problems: FormState['problems']) => showSignUp(reply, view, { id: 'sign-up', values, problems })
    const problems = [
      ...checkEmail(values, words),
      ...checkName(values, words),
      ...checkPassword(values, 'password', words),
    ]
    if (problems.length > 0) {
      reply.code(422)
      return refuse(problems)
    }
    const { email = '', password = '', name = '' } = values
    const origin = originOf(request.raw, site.context.trusts)
    const account = await site.context.auth.signUp({ email, password, ...(name !== '' && { name }) }, origin)
    const outcome = isRefusal(account) ? account : await startSession(site, request, values)
    if (!isRefusal(outcome)) return arrive(view, reply, outcome)
    markFault(reply, faultOfRefusal(outcome))
    return refuse([problemOfRefusal(outcome, words, language)])
  })
}
