import { isRefusal, type Account, type Database } from '@counterfoil/core'
import { errorText } from '@counterfoil/protocol'
import { loadConfiguration } from '../config/load.ts'
import { quote, toOneLine } from '../config/quoting.ts'
import { CommandFailure } from '../failure.ts'
import { placeOf, withAuth } from '../installation/installation.ts'
import { askPassword, readPassword } from '../terminal/password.ts'

interface AddOptions {
  readonly config?: string
  readonly name?: string
  readonly role?: readonly string[]
  readonly passwordStdin?: boolean
}

/** Adds an account on the operator's word, with roles at once, and also where sign-up is closed. */
export async function addAccount(email: string, options: AddOptions): Promise<void> {
  const configuration = loadConfiguration(options.config)
  checkAccount(email, options)
  const password = options.passwordStdin === true ? await readPassword(process.stdin) : await askPassword()
  await withAuth(configuration, true, async (auth) => {
    const account = await auth.addAccount({ email, password, name: options.name, roles: options.role ?? [] })
    if (isRefusal(account))
      throw new CommandFailure([errorText(account.refused), account.detail ?? ''].join(' ').trim())
    say(`added ${account.email} as account ${account.id} to ${placeOf(configuration)}`)
  })
}

/** Keeps an account from signing in, and ends all its sessions. */
export function disableAccount(email: string, options: { readonly config?: string }): Promise<void> {
  return withAuth(loadConfiguration(options.config), false, async (auth, database) => {
    const account = await findAccount(database, email)
    await auth.disableAccount(account.id)
    const seconds = Math.ceil(auth.feed.boundMs() / 100) / 10
    say(
      `disabled ${account.email}: it cannot sign in, and its sessions have ended; who runs already knows within ${seconds} s`,
    )
  })
}

/** Lets an account sign in again; what had ended stays ended. */
export function enableAccount(email: string, options: { readonly config?: string }): Promise<void> {
  return withAuth(loadConfiguration(options.config), false, async (auth, database) => {
    const account = await findAccount(database, email)
    await auth.enableAccount(account.id)
    say(`enabled ${account.email}: it can sign in again`)
  })
}

async function findAccount(database: Database, email: string): Promise<Account> {
  const account = await database.findAccountByEmail(email)
  if (account !== undefined) return account
  throw new CommandFailure(`there is no account with the email address ${quote(email)}`)
}

/** What the HTTP interface takes too, and roles that fit into a header. */
function checkAccount(email: string, { name, role }: AddOptions): void {
  const refuse = (text: string, problem: string): never => {
    throw new CommandFailure(`${quote(text)} ${problem}`)
  }
  if (!/^[^\s@\p{C}]{1,64}@[^\s@\p{C}]+$/u.test(email) || email.length > 254) refuse(email, 'is no email address')
  if (name !== undefined && !/^[^\p{Cc}]{1,200}$/u.test(name)) refuse(name, 'is no name of 1 to 200 characters')
  for (const one of role ?? []) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(one))
      refuse(one, 'is no role: use up to 64 letters, digits and . _ : -')
  }
}

function say(line: string): void {
  process.stdout.write(`${toOneLine(line)}\n`)
}
