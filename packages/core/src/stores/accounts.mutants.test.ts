import type { AccountId, SessionId } from '@counterfoil/protocol'
import { describe, expect, it } from 'vitest'
import type { Account } from '../accounts/account.ts'
import { databaseCases } from './database.conformance.ts'
import { brokenDatabase, caseNamed, pause, tryCase, type Mutant } from './mutant.fixture.ts'

const emails: readonly Mutant[] = [
  brokenDatabase(
    'a registration that looks and then writes',
    'of registrations that race for one email exactly one is made',
    (database) => ({
      async registerAccount(account, audit) {
        if ((await database.findAccountByEmail(account.email)) !== undefined) return 'email-taken'
        await pause()
        const outcome = await database.registerAccount(account, audit)
        if (outcome === 'email-taken') await database.registerAccount({ ...account, email: `${account.id}@` }, audit)
        return 'registered'
      },
    }),
  ),
  brokenDatabase(
    'emails that are compared letter by letter',
    'emails that differ only in its letters’ case are one, and it is shown as it was typed',
    (database) => ({
      async registerAccount(account, audit) {
        const holder = await database.findAccountByEmail(account.email)
        if (holder === undefined || holder.email === account.email) return database.registerAccount(account, audit)
        return 'registered'
      },
    }),
  ),
  brokenDatabase(
    'emails that are compared without normalisation',
    'emails that differ only in how an accent is written are one, and it is shown as it was typed',
    (database) => ({
      async findAccountByEmail(email) {
        const found = await database.findAccountByEmail(email)
        return found?.email.toLowerCase() === email.toLowerCase() ? found : undefined
      },
    }),
  ),
  brokenDatabase(
    'emails that are shown in their canonical form',
    'emails that differ only in its letters’ case are one, and it is shown as it was typed',
    (database) => ({
      registerAccount: (account, audit) =>
        database.registerAccount({ ...account, email: account.email.toLowerCase() }, audit),
    }),
  ),
  brokenDatabase(
    'a change that keeps the old email occupied',
    'a new email is found and the old one is free',
    (database) => {
      const used = new Set<string>()
      return {
        async registerAccount(account, audit) {
          if (used.has(account.email)) return 'email-taken'
          used.add(account.email)
          return database.registerAccount(account, audit)
        },
      }
    },
  ),
  brokenDatabase(
    'a change that is made by half',
    'a change to an email that another has changes nothing',
    (database) => ({
      async changeAccount(id, { email, name }, audit) {
        if (name !== undefined) await database.changeAccount(id, { name }, audit)
        return database.changeAccount(id, { email }, audit)
      },
    }),
  ),
  brokenDatabase(
    'a change that takes a name away where none is given',
    'a change sets what is given, leaves what is not, and takes away a name that is null',
    (database) => ({
      changeAccount: (id, { email, name }, audit) => database.changeAccount(id, { email, name: name ?? null }, audit),
    }),
  ),
  brokenDatabase('an id that is given out twice', 'the id of an account is not given out twice', (database) => ({
    registerAccount: (account, audit) => database.registerAccount(account, audit).catch(() => 'registered'),
  })),
  brokenDatabase(
    'accounts in the order of a dictionary',
    'accounts are listed in order of id, page by page, each once',
    (database) => ({
      async listAccounts(after, limit) {
        const all = await database.listAccounts(undefined, 1000)
        const sorted = all.toSorted((one, other) => one.id.localeCompare(other.id))
        return sorted.slice(sorted.findIndex(({ id }) => id === after) + 1).slice(0, limit)
      },
    }),
  ),
]

const passwords: readonly Mutant[] = [
  brokenDatabase(
    'a password change that looks and then writes',
    'of password changes that race from one password exactly one is made',
    (database) => ({
      async changePassword(id, change, audit) {
        if ((await database.findAccount(id))?.passwordHash !== change.from) return 'stale'
        await pause()
        const from = (await database.findAccount(id))?.passwordHash ?? change.from
        return database.changePassword(id, { ...change, from }, audit)
      },
    }),
  ),
  brokenDatabase(
    'a rehash that looks and then writes',
    'of a new password and rehashes of the old one that race the new password stays',
    (database) => ({
      async rehashPassword(id, from, to, audit) {
        if ((await database.findAccount(id))?.passwordHash !== from) return false
        await pause()
        return database.rehashPassword(id, (await database.findAccount(id))?.passwordHash ?? from, to, audit)
      },
    }),
  ),
  brokenDatabase(
    'a rehash of whatever is there',
    'a rehash takes the place of the very hash it was made from, and raises nothing',
    (database) => ({
      rehashPassword: async (id, from, to, audit) =>
        database.rehashPassword(id, (await database.findAccount(id))?.passwordHash ?? from, to, audit),
    }),
  ),
  {
    fault: 'a rehash that ends sessions',
    breaks: 'a rehash takes the place of the very hash it was made from, and raises nothing',
    mutate: ({ database }) => ({
      database: {
        ...database,
        async rehashPassword(id, from, to, audit) {
          return typeof (await database.changePassword(id, { from, to, at: 0 }, audit)) === 'object'
        },
      },
    }),
  },
]

/** Finds accounts as `change` makes them look. */
function seenAs(
  fault: string,
  breaks: string,
  change: (account: Account, before: Account | undefined) => Account,
): Mutant {
  return brokenDatabase(fault, breaks, (database) => {
    const before = new Map<AccountId, Account>()
    return {
      async findAccount(id) {
        const account = await database.findAccount(id)
        if (account === undefined) return undefined
        const seen = change(account, before.get(id))
        before.set(id, seen)
        return seen
      },
    }
  })
}

/** Knows of every session that a raise has kept, and forgets none. */
function keptForEver(fault: string, breaks: string): Mutant {
  return brokenDatabase(fault, breaks, (database) => {
    const kept = new Map<AccountId, { sessionId: SessionId; generation: number }>()
    return {
      async raiseAccountGeneration(id, raise, audit) {
        const raised = await database.raiseAccountGeneration(id, raise, audit)
        const account = await database.findAccount(id)
        if (account?.kept && !kept.has(id)) kept.set(id, account.kept)
        return raised
      },
      async findAccount(id) {
        const account = await database.findAccount(id)
        return account && { ...account, kept: kept.get(id) }
      },
    }
  })
}

const generations: readonly Mutant[] = [
  seenAs(
    'a session that is kept under the cut before the latest raise',
    'raises that keep the same session leave the cut that held before the first of them',
    (account) => ({
      ...account,
      kept: account.kept && { ...account.kept, generation: account.generation - 1 },
    }),
  ),
  keptForEver(
    'a raise that leaves the exception of an earlier one',
    'raiseAccountGeneration takes the exception of an earlier raise away',
  ),
  keptForEver('a disabled account that keeps a session', 'disableAccount takes the exception of an earlier raise away'),
  keptForEver(
    'a chain of exceptions that never ends',
    'a raise that keeps nothing ends the chain: what is kept later is kept from there on',
  ),
  keptForEver('an exception that stays with the first', 'a raise that keeps another session forgets the first'),
  brokenDatabase(
    'a raise that does not say what it keeps',
    'a raise that keeps a session says so in the record, and the account remembers the cut that held for it',
    (database) => ({
      raiseAccountGeneration: (id, { at }, audit) => database.raiseAccountGeneration(id, { at }, audit),
    }),
  ),
  {
    fault: 'a raise that answers the head from before its record',
    breaks: 'raiseAccountGeneration raises the generation by one and appends the record at the place it answers',
    mutate: ({ database, log }) => ({
      database: {
        ...database,
        async raiseAccountGeneration(id, raise, audit) {
          const head = await log.head()
          const raised = await database.raiseAccountGeneration(id, raise, audit)
          return raised && { ...raised, head }
        },
      },
    }),
  },
  {
    fault: 'a raise that answers whatever head there is when it is done',
    breaks: 'raises that race each have a generation and a record of their own, in the same order',
    mutate: ({ database, log }) => ({
      database: {
        ...database,
        async raiseAccountGeneration(id, raise, audit) {
          const raised = await database.raiseAccountGeneration(id, raise, audit)
          await pause()
          return raised && { ...raised, head: await log.head() }
        },
      },
    }),
  },
  brokenDatabase(
    'an account that is not disabled twice',
    'a disabled account is disabled, raised and on record, each time',
    (database) => ({
      async disableAccount(id, at, audit) {
        return (await database.findAccount(id))?.disabled === true ? undefined : database.disableAccount(id, at, audit)
      },
    }),
  ),
  seenAs(
    'an account that goes back to its old generation when it is enabled',
    'enabling an account leaves its generation: nothing comes back',
    (account) => (account.disabled ? account : { ...account, generation: 0 }),
  ),
  {
    fault: 'an erasure that appends no record',
    breaks: 'eraseAccount raises the generation by one and appends the record at the place it answers',
    mutate: ({ database, log }) => ({
      database: {
        ...database,
        async eraseAccount(id, at, audit) {
          const head = await log.head()
          const account = await database.findAccount(id)
          return account && (await database.eraseAccount(id, at, audit)) && { generation: account.generation + 1, head }
        },
      },
    }),
  },
  brokenDatabase(
    'an erasure that keeps the email occupied',
    'an erased account is absent for every verb, and its email is free',
    (database) => ({
      async eraseAccount(id, at, audit) {
        const account = await database.findAccount(id)
        const raised = await database.eraseAccount(id, at, audit)
        if (account !== undefined) await database.registerAccount({ ...account, id: `${id}-` as AccountId }, audit)
        return raised
      },
    }),
  ),
  brokenDatabase(
    'an erased id that is given out again',
    'the id of an erased account is not given out again',
    (database) => ({
      registerAccount: (account, audit) => database.registerAccount(account, audit).catch(() => 'registered'),
    }),
  ),
  brokenDatabase(
    'an audit log that notes the email',
    'the audit log outlives an account, and holds nothing personal that was not put into its events',
    (database) => ({
      registerAccount: (account, audit) =>
        database.registerAccount(account, { ...audit, detail: { email: account.email } }),
    }),
  ),
]

describe('the suite of the database, about accounts', () => {
  it.for([...emails, ...passwords, ...generations])('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, databaseCases), mutant)).toBeDefined()
  })
})
