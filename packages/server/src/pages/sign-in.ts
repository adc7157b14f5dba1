import { isRefusal, type SignedIn } from '@counterfoil/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { originOf } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import { faultOfRefusal } from '../http/faults.ts'
import { checkEmail, checkName, checkPassword, trimmed } from './checks.ts'
import { markFault, problemOfRefusal } from './faults.ts'
import { fieldOf, formOf, freshForm, summaryOf, type FormState } from './forms.ts'
import { html, type Html } from './html.ts'
import { noticeOfDone, tellDone } from './done.ts'
import { hrefOf, keptOf, sendPage } from './layout.ts'
import { applicationFor, findHeld, keepSession, willDo } from './session.ts'
import { leadToSignedIn, wayOn } from './signed-in.ts'
import { findReader, leadTo, PAGE_ROUTE, PATHS, readFields, viewOf, type Site, type View } from './site.ts'

function showSignIn(reply: FastifyReply, view: View, state: FormState, done?: Html): undefined {
  const { words, site } = view
  return sendPage(reply, view, {
    title: words.signIn,
    lead: view.again ? words.signInAgainLead : words.signInLead(site.theme.name),
    isProblem: state.problems.length > 0,
    notice: done ?? summaryOf(state, words),
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
          ${words.noAccount} <a href="${hrefOf(view, PATHS.signUp, keptOf(view))}">${words.signUp}</a>
        </p>`
      }`,
  })
}

function showSignUp(reply: FastifyReply, view: View, state: FormState): undefined {
  const { words, site } = view
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
      <p class="aside">
        ${words.haveAccount} <a href="${hrefOf(view, PATHS.signIn, keptOf(view))}">${words.signIn}</a>
      </p>`,
  })
}

/** Keeps the session, and leads on. */
function arrive(view: View, request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn): undefined {
  request.subject = signedIn
  keepSession(view.site, reply, signedIn)
  return leadToSignedIn(reply, view)
}

/** The page for signing in. */
export function addSignInPage(app: App, site: Site): void {
  app.get(PATHS.signIn, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signIn)
    const reader = await findReader(site, request)
    const isIn = reader !== undefined && willDo(reader, applicationFor(site, view.returnTo))
    if (isIn && !view.again) return leadTo(reply, wayOn(view))
    const values = reader === undefined ? {} : { email: reader.account.email }
    return showSignIn(reply, view, freshForm('sign-in', values), noticeOfDone(view, request, reply))
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
    const { email = '', password = '' } = values
    const applicationId = applicationFor(site, view.returnTo)
    const held = await findHeld(site, request, applicationId)
    const origin = originOf(request.raw, site.context.trusts)
    const outcome = await site.context.auth.signIn({ applicationId, email, password, held }, origin)
    if (!isRefusal(outcome)) return arrive(view, request, reply, outcome)
    markFault(reply, faultOfRefusal(outcome))
    return refuse([problemOfRefusal(outcome, words, language)])
  })
}

/** The page for making an account. Who has made one is signed in. */
export function addSignUpPage(app: App, site: Site): void {
  app.get(PATHS.signUp, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signUp)
    if ((await findReader(site, request)) !== undefined) return leadTo(reply, hrefOf(view, PATHS.signIn, keptOf(view)))
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
    const applicationId = applicationFor(site, view.returnTo)
    const held = await findHeld(site, request, applicationId)
    const input = { applicationId, email, password, ...(name !== '' && { name }), held }
    const outcome = await site.context.auth.signUpAndIn(input, originOf(request.raw, site.context.trusts))
    if (!isRefusal(outcome)) {
      if (outcome.signedIn !== undefined) return arrive(view, request, reply, outcome.signedIn)
      tellDone(reply, 'made')
      // Where somebody else is still signed in, the page would lead on with their session.
      return leadTo(reply, hrefOf(view, PATHS.signIn, { ...keptOf(view), ...(held !== undefined && { again: '' }) }))
    }
    markFault(reply, faultOfRefusal(outcome))
    return refuse([problemOfRefusal(outcome, words, language)])
  })
}
