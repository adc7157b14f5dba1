import { ROUTES } from '@counterfoil/protocol'
import type { ServerContext } from '../context.ts'
import { handOver, takeBack } from '../http/hand-over.ts'
import { callerOf, createIdentify } from '../http/identify.ts'
import { originOf } from '../http/origin.ts'
import { AccountChangeBody, AccountView, PasswordChangeBody, viewOfAccount } from '../wire/account.ts'
import { awaitEnded } from '../http/obedience.ts'
import { EndedView, EndingQuery, RenewedView } from '../wire/session.ts'
import { BY_SESSION, resultOf, type App } from './app.ts'

const tags = ['Account']
const response = { 200: AccountView }

const readAccount = {
  operationId: 'readAccount',
  summary: 'Read the account',
  tags,
  security: BY_SESSION,
  response,
}

const changeAccount = {
  operationId: 'changeAccount',
  summary: 'Change name or email',
  description: 'A new email needs the current password: it is what one signs in with.',
  tags,
  security: BY_SESSION,
  body: AccountChangeBody,
  response,
}

const changePassword = {
  operationId: 'changePassword',
  summary: 'Change the password',
  description: 'Ends all other sessions and starts a new generation of this one: its earlier tokens are dead.',
  tags,
  security: BY_SESSION,
  body: PasswordChangeBody,
  querystring: EndingQuery,
  response: { 200: RenewedView },
}

const eraseAccount = {
  operationId: 'eraseAccount',
  summary: 'Delete the account',
  description: 'Ends all sessions, then removes the personal data. Needs a recent sign-in.',
  tags,
  security: BY_SESSION,
  querystring: EndingQuery,
  response: { 200: EndedView },
}

/** The signed-in account. */
export function addOwnAccountRoutes(app: App, context: ServerContext): void {
  const { auth, trusts } = context
  const onRequest = createIdentify(context)
  app.get(ROUTES.account, { schema: readAccount, onRequest }, (request, reply) => {
    reply.send(viewOfAccount(callerOf(request).account))
  })

  const changing = { errors: ['wrong_password', 'email_taken', 'too_many_attempts', 'busy'] } as const
  app.patch(ROUTES.account, { schema: changeAccount, onRequest, config: changing }, async (request, reply) => {
    const { email, name, current_password: currentPassword } = request.body
    const change = { email, name, currentPassword }
    const account = resultOf(reply, await auth.changeAccount(callerOf(request), change, originOf(request.raw, trusts)))
    return account && viewOfAccount(account)
  })

  const renewing = { errors: ['wrong_password', 'password_unacceptable', 'too_many_attempts', 'busy'] } as const
  app.put(ROUTES.password, { schema: changePassword, onRequest, config: renewing }, async (request, reply) => {
    const { current_password: currentPassword, new_password: newPassword } = request.body
    const input = { currentPassword, newPassword }
    const renewed = resultOf(reply, await auth.changePassword(callerOf(request), input, originOf(request.raw, trusts)))
    return (
      renewed && {
        ...handOver(context, reply, renewed),
        ...(await awaitEnded(context, renewed.ended, request.query.wait)),
      }
    )
  })

  const erasing = { errors: ['reauthentication_required'] } as const
  app.delete(ROUTES.account, { schema: eraseAccount, onRequest, config: erasing }, async (request, reply) => {
    const caller = callerOf(request)
    const ended = resultOf(reply, await auth.eraseAccount(caller, originOf(request.raw, trusts)))
    if (ended === undefined) return undefined
    takeBack(context, reply, caller)
    return awaitEnded(context, ended, request.query.wait)
  })
}
