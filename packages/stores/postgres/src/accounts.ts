import { canonicalEmail } from '@counterfoil/core'
import type { Account, Database, RaisedGeneration } from '@counterfoil/core'
import type { AccountId, SessionId } from '@counterfoil/protocol'
import type { Ask } from './client.ts'
import { rowsByKey, type Batches, type Statement } from './batches.ts'
import { ACCOUNT_COLUMNS, accountOfRow, optionalAccount } from './database-rows.ts'
import { isTaken } from './failure.ts'
import { storedOptional, storedText } from './text.ts'
import type { Write, Writing } from './transaction.ts'

/** Statements about accounts. */
export const ACCOUNT_TEXTS = {
  find: `SELECT ${ACCOUNT_COLUMNS} FROM counterfoil_accounts WHERE id = ANY($1::text[])`,
  findByEmail: `SELECT ${ACCOUNT_COLUMNS} FROM counterfoil_accounts WHERE canonical_email = $1`,
  list: `SELECT ${ACCOUNT_COLUMNS} FROM counterfoil_accounts WHERE id > $1 ORDER BY id LIMIT $2`,
  isErased: 'SELECT 1 FROM counterfoil_erased_accounts WHERE id = $1',
  register: `INSERT INTO counterfoil_accounts
      (id, email, canonical_email, name, password_hash, roles, generation, disabled, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, 0, false, $7) ON CONFLICT (canonical_email) DO NOTHING RETURNING 1`,
  hold: `SELECT ${ACCOUNT_COLUMNS} FROM counterfoil_accounts WHERE id = $1 FOR UPDATE`,
  setEmail: 'UPDATE counterfoil_accounts SET email = $2, canonical_email = $3 WHERE id = $1',
  setName: 'UPDATE counterfoil_accounts SET name = $2 WHERE id = $1',
  setRoles: `UPDATE counterfoil_accounts SET roles = $2 WHERE id = $1 RETURNING ${ACCOUNT_COLUMNS}`,
  enable: `UPDATE counterfoil_accounts SET disabled = false WHERE id = $1 RETURNING ${ACCOUNT_COLUMNS}`,
  disable: 'UPDATE counterfoil_accounts SET disabled = true WHERE id = $1',
  setPassword: 'UPDATE counterfoil_accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING 1',
  // The session that is spared keeps the generation that held for it: the account's, or, where it was spared before, an older one.
  raise: `UPDATE counterfoil_accounts SET generation = generation + 1, kept_session_id = $2::text,
      kept_generation = CASE WHEN $2::text IS NULL THEN NULL
        WHEN kept_session_id = $2::text THEN kept_generation ELSE generation END
    WHERE id = $1 RETURNING generation::float8`,
  remove: 'DELETE FROM counterfoil_accounts WHERE id = $1',
  remember: 'INSERT INTO counterfoil_erased_accounts (id) VALUES ($1)',
} as const

const FIND: Statement<AccountId, Account | undefined> = {
  text: ACCOUNT_TEXTS.find,
  bind: (ids) => [ids],
  answer: (rows, ids) => {
    const found = rowsByKey(rows)
    return ids.map((id) => {
      const row = found.get(id)
      return row && accountOfRow(row)
    })
  },
}

/** The verbs that read accounts. */
export function createAccountReads(
  ask: Ask,
  batches: Batches,
): Pick<Database, 'findAccount' | 'findAccountByEmail' | 'listAccounts'> {
  return {
    findAccount: batches.of(FIND),
    findAccountByEmail: async (email) =>
      optionalAccount(await ask(ACCOUNT_TEXTS.findByEmail, [storedText(canonicalEmail(email))])),
    listAccounts: async (after, limit) => (await ask(ACCOUNT_TEXTS.list, [after ?? '', limit])).map(accountOfRow),
  }
}

/** The verbs that change accounts and end nothing. */
export function createAccountWrites(
  write: Write,
): Pick<Database, 'registerAccount' | 'changeAccount' | 'setRoles' | 'enableAccount' | 'rehashPassword'> {
  return {
    registerAccount: async (account, event) =>
      write(async ({ ask, audit }) => {
        const { id, email, name, passwordHash, roles, createdAt } = account
        if ((await ask(ACCOUNT_TEXTS.isErased, [id])).length > 0) throw new TypeError('an id was given out twice')
        const cells = [id, storedText(email), storedText(canonicalEmail(email)), storedOptional(name)]
        const rest = [storedText(passwordHash), JSON.stringify(roles), createdAt]
        const added = await ask(ACCOUNT_TEXTS.register, [...cells, ...rest])
        if (added.length === 0) return 'email-taken'
        await audit(event)
        return 'registered'
      }),
    changeAccount: async (id, { email, name }, event) =>
      write(async (writing) => {
        if ((await writing.ask(ACCOUNT_TEXTS.hold, [id])).length === 0) return 'absent'
        if (email !== undefined && !(await setEmail(writing, id, email))) return 'email-taken'
        if (name !== undefined) await writing.ask(ACCOUNT_TEXTS.setName, [id, storedOptional(name ?? undefined)])
        await writing.audit(event)
        return optionalAccount(await writing.ask(ACCOUNT_TEXTS.hold, [id])) ?? 'absent'
      }),
    setRoles: async (id, roles, event) => change(write, event, ACCOUNT_TEXTS.setRoles, [id, JSON.stringify(roles)]),
    enableAccount: async (id, event) => change(write, event, ACCOUNT_TEXTS.enable, [id]),
    rehashPassword: async (id, from, to, event) =>
      write(async ({ ask, audit }) => {
        const set = await ask(ACCOUNT_TEXTS.setPassword, [id, storedText(from), storedText(to)])
        if (set.length > 0) await audit(event)
        return set.length > 0
      }),
  }
}

function change(
  write: Write,
  event: Parameters<Writing['audit']>[0],
  text: string,
  values: readonly unknown[],
): Promise<Account | undefined> {
  return write(async ({ ask, audit }) => {
    const account = optionalAccount(await ask(text, values))
    if (account !== undefined) await audit(event)
    return account
  })
}

/** Whether the email could be set. A violation would end the transaction, so that it is undone to here. */
async function setEmail({ ask }: Writing, id: AccountId, email: string): Promise<boolean> {
  await ask('SAVEPOINT before_email')
  try {
    await ask(ACCOUNT_TEXTS.setEmail, [id, storedText(email), storedText(canonicalEmail(email))])
    return true
  } catch (error) {
    if (!isTaken(error)) throw error
    await ask('ROLLBACK TO SAVEPOINT before_email')
    return false
  }
}

/** The verbs that end sessions with the account's generation. */
export function createRaises(
  write: Write,
): Pick<Database, 'changePassword' | 'raiseAccountGeneration' | 'disableAccount' | 'eraseAccount'> {
  return {
    raiseAccountGeneration: async (id, { at, keep }, event) =>
      write((writing) => raise(writing, id, { at, keep }, event)),
    changePassword: async (id, { from, to, at }, event) =>
      write(async (writing) => {
        const set = await writing.ask(ACCOUNT_TEXTS.setPassword, [id, storedText(from), storedText(to)])
        if (set.length > 0) return (await raise(writing, id, { at }, event)) ?? 'absent'
        return (await writing.ask(ACCOUNT_TEXTS.hold, [id])).length > 0 ? 'stale' : 'absent'
      }),
    disableAccount: async (id, at, event) =>
      write(async (writing) => {
        await writing.ask(ACCOUNT_TEXTS.disable, [id])
        return raise(writing, id, { at }, event)
      }),
    eraseAccount: async (id, at, event) =>
      write(async (writing) =>
        raise(writing, id, { at }, event, async ({ ask }) => {
          await ask(ACCOUNT_TEXTS.remove, [id])
          await ask(ACCOUNT_TEXTS.remember, [id])
        }),
      ),
  }
}

async function raise(
  writing: Writing,
  id: AccountId,
  { at, keep }: { readonly at: number; readonly keep?: SessionId | undefined },
  event: Parameters<Writing['audit']>[0],
  besides: (writing: Writing) => Promise<void> = async () => undefined,
): Promise<RaisedGeneration | undefined> {
  const [row] = await writing.ask(ACCOUNT_TEXTS.raise, [id, keep ?? null])
  if (row === undefined) return undefined
  const generation = Number(row[0])
  await writing.audit(event)
  await besides(writing)
  return { generation, head: await writing.append({ kind: 'account', accountId: id, generation, keep, at }) }
}
