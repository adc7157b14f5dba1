import { ROUTES } from '@counterfoil/protocol'
import type { ServerContext } from '../context.ts'
import { originOf } from '../http/origin.ts'
import { AccountView, SignUpBody, viewOfAccount } from '../wire/account.ts'
import { answerFault, resultOf, type App } from './app.ts'

const signUp = {
  operationId: 'signUp',
  summary: 'Sign up',
  description:
    'Makes an account. It signs nobody in: that is `POST /sessions`. While no mail is configured a taken address is told as such, because an address cannot be proved.',
  tags: ['Accounts'],
  body: SignUpBody,
  response: { 201: AccountView },
}

/** Sign-up. */
export function addAccountRoutes(app: App, context: ServerContext): void {
  const errors = ['password_unacceptable', 'email_taken', 'sign_up_closed', 'too_many_attempts', 'busy'] as const
  app.post(ROUTES.accounts, { schema: signUp, config: { errors } }, async (request, reply) => {
    if (context.signUp === 'closed') return answerFault(reply, { code: 'sign_up_closed' })
    const { email, password, name } = request.body
    const outcome = await context.auth.signUp({ email, password, name }, originOf(request.raw, context.trusts))
    const account = resultOf(reply, outcome)
    if (account === undefined) return undefined
    reply.code(201)
    return viewOfAccount(account)
  })
}
