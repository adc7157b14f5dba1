import assert from 'node:assert/strict'
import type { AccountId } from '@counterfoil/protocol'
import type { Account } from '../../accounts/account.ts'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import {
  assertSame,
  drawAccountId,
  NOW,
  race,
  readWholeAudit,
  registerSample,
  sampleAccount,
  sampleEvent,
} from './sample.ts'

const EVENT = sampleEvent('account.changed')

const registrations: readonly ConformanceCase[] = [
  holdTo(
    'an account that registered is found by id and by email, enabled and at generation 0',
    async ({ database }) => {
      const given = sampleAccount({ roles: ['reader', 'editor'] })
      assert.equal(await database.registerAccount(given, sampleEvent('account.registered', given.id)), 'registered')
      const expected = { ...given, generation: 0, disabled: false }
      assertSame(await database.findAccount(given.id), expected)
      assertSame(await database.findAccountByEmail(given.email), expected)
      assertSame(await database.listAccounts(undefined, 10), [expected])
    },
  ),
  holdTo('an account that was never there is absent, whichever verb asks', async ({ database }) => {
    const id = drawAccountId()
    assert.equal(await database.findAccount(id), undefined)
    assert.equal(await database.findAccountByEmail('nobody@example.com'), undefined)
    assert.deepEqual(await database.listAccounts(undefined, 10), [])
    assert.equal(await database.changeAccount(id, { name: 'Eve' }, EVENT), 'absent')
    assert.equal(await database.setRoles(id, ['admin'], EVENT), undefined)
    assert.equal(await database.enableAccount(id, EVENT), undefined)
    assert.equal(await database.rehashPassword(id, 'hash-0', 'hash-1', EVENT), false)
    assert.deepEqual(await readWholeAudit(database), [])
  }),
  ...(
    [
      ['in its letters’ case', 'Ada.Lovelace@Example.COM', 'aDA.lovelace@example.com'],
      ['in how an accent is written', 'ren\u00e9@example.com', 'rene\u0301@example.com'],
      ['in both', 'RENE\u0301@example.com', 'ren\u00e9@EXAMPLE.com'],
    ] as const
  ).map(([how, email, variant]) =>
    holdTo(`emails that differ only ${how} are one, and it is shown as it was typed`, async ({ database }) => {
      const { id } = await registerSample(database, { email })
      assert.equal(await database.registerAccount(sampleAccount({ email: variant }), EVENT), 'email-taken')
      assert.equal((await database.findAccountByEmail(variant))?.id, id)
      assert.equal((await database.findAccount(id))?.email, email)
    }),
  ),
  holdTo('emails that differ otherwise are two', async ({ database }) => {
    for (const email of [
      'a@example.com',
      'b@example.com',
      'a+b@example.com',
      'á@example.com',
      'a@example.co',
      'a_@example.com',
    ]) {
      const { id } = await registerSample(database, { email })
      assert.equal((await database.findAccountByEmail(email))?.id, id)
    }
    assert.equal(await database.findAccountByEmail('_@example.com'), undefined)
    assert.equal(await database.findAccountByEmail('%@example.com'), undefined)
  }),
  holdTo('of registrations that race for one email exactly one is made', async ({ database }) => {
    for (let round = 0; round < 5; round++) {
      const email = `Ada${round}@example.com`
      const rivals = Array.from({ length: 20 }, (_, at) =>
        sampleAccount({ email: at % 2 === 0 ? email : email.toUpperCase() }),
      )
      const outcomes = await Promise.all(rivals.map((rival) => database.registerAccount(rival, EVENT)))
      assert.equal(outcomes.filter((outcome) => outcome === 'registered').length, 1)
      assert.equal((await database.findAccountByEmail(email))?.id, rivals[outcomes.indexOf('registered')]?.id)
      for (const [at, { id }] of rivals.entries()) {
        assert.equal((await database.findAccount(id)) !== undefined, outcomes[at] === 'registered')
      }
    }
    assert.equal((await database.listAccounts(undefined, 100)).length, 5)
  }),
  holdTo('the id of an account is not given out twice', async ({ database }) => {
    const account = await registerSample(database)
    await assert.rejects(database.registerAccount(sampleAccount({ id: account.id }), EVENT))
    assertSame(await database.findAccount(account.id), account)
    assert.equal((await readWholeAudit(database)).length, 1)
  }),
]

const lists: readonly ConformanceCase[] = [
  holdTo('accounts are listed in order of id, page by page, each once', async ({ database }) => {
    const ids = ['b', 'A', '_', 'a', '-', '0', 'Z', 'z', '9'].map((first) => (first + 'A'.repeat(21)) as AccountId)
    for (const id of ids) await registerSample(database, { id })
    const listed: AccountId[] = []
    for (let page: Account[] = []; (page = await database.listAccounts(listed.at(-1), 4)).length > 0;) {
      assert.ok(page.length <= 4)
      listed.push(...page.map(({ id }) => id))
    }
    assert.deepEqual(
      listed,
      ids.toSorted((one, other) => (one < other ? -1 : 1)),
    )
  }),
  holdTo('a list begins after an id also when nobody has it', async ({ database }) => {
    const { id } = await registerSample(database, { id: 'm'.repeat(22) as AccountId })
    assert.deepEqual(
      (await database.listAccounts('a' as AccountId, 10)).map((account) => account.id),
      [id],
    )
    assert.deepEqual(await database.listAccounts('z' as AccountId, 10), [])
  }),
]

const changes: readonly ConformanceCase[] = [
  holdTo(
    'a change sets what is given, leaves what is not, and takes away a name that is null',
    async ({ database }) => {
      const account = await registerSample(database, { name: 'Ada' })
      const renamed = { ...account, name: 'Ada L.' }
      assertSame(await database.changeAccount(account.id, { name: 'Ada L.' }, EVENT), renamed)
      const moved = { ...renamed, email: 'New@example.com' }
      assertSame(await database.changeAccount(account.id, { email: 'New@example.com', name: undefined }, EVENT), moved)
      const nameless = { ...moved, name: undefined }
      assertSame(await database.changeAccount(account.id, { name: null }, EVENT), nameless)
      assertSame(await database.changeAccount(account.id, {}, EVENT), nameless)
      assertSame(await database.findAccount(account.id), nameless)
    },
  ),
  holdTo('a new email is found and the old one is free', async ({ database }) => {
    const account = await registerSample(database, { email: 'old@example.com' })
    await database.changeAccount(account.id, { email: 'new@example.com' }, EVENT)
    assert.equal((await database.findAccountByEmail('NEW@example.com'))?.id, account.id)
    assert.equal(await database.findAccountByEmail('old@example.com'), undefined)
    await registerSample(database, { email: 'old@example.com' })
  }),
  holdTo('a change to an email that another has changes nothing', async ({ database }) => {
    await registerSample(database, { email: 'taken@example.com' })
    const account = await registerSample(database)
    const change = { email: 'Taken@Example.com', name: 'Eve' }
    assert.equal(await database.changeAccount(account.id, change, EVENT), 'email-taken')
    assertSame(await database.findAccount(account.id), account)
    assertSame(await database.findAccountByEmail(account.email), account)
  }),
  holdTo('an account may write its own email another way', async ({ database }) => {
    const account = await registerSample(database, { email: 'ada@example.com' })
    const expected = { ...account, email: 'ADA@example.com' }
    assertSame(await database.changeAccount(account.id, { email: 'ADA@example.com' }, EVENT), expected)
    assertSame(await database.findAccountByEmail('ada@example.com'), expected)
  }),
  holdTo('of changes and registrations that race for one email exactly one gets it', async ({ database }) => {
    const owners = await Promise.all(Array.from({ length: 10 }, () => registerSample(database)))
    const email = 'wanted@example.com'
    const outcomes = await race<unknown>(20, (racer) => {
      const owner = owners[racer]
      return owner === undefined
        ? database.registerAccount(sampleAccount({ email }), EVENT)
        : database.changeAccount(owner.id, { email }, EVENT)
    })
    assert.equal(outcomes.filter((outcome) => outcome !== 'email-taken').length, 1)
    const all = await database.listAccounts(undefined, 100)
    assert.equal(all.filter((account) => account.email === email).length, 1)
  }),
  holdTo('roles are set as given, in order, and answered with the account', async ({ database }) => {
    const account = await registerSample(database)
    const expected = { ...account, roles: ['editor', 'admin', 'a b', '"', ''] }
    assertSame(await database.setRoles(account.id, expected.roles, EVENT), expected)
    assertSame(await database.findAccount(account.id), expected)
    assertSame(await database.setRoles(account.id, [], EVENT), { ...account, roles: [] })
  }),
  holdTo(
    'a rehash takes the place of the very hash it was made from, and raises nothing',
    async ({ database, log }) => {
      const account = await registerSample(database)
      assert.equal(await database.rehashPassword(account.id, 'hash-0', 'hash-1', EVENT), true)
      assertSame(await database.findAccount(account.id), { ...account, passwordHash: 'hash-1' })
      assert.equal(await database.rehashPassword(account.id, 'hash-0', 'hash-2', EVENT), false)
      assert.equal((await database.findAccount(account.id))?.passwordHash, 'hash-1')
      assert.equal((await log.head()).position, 0)
    },
  ),
  holdTo('of a new password and rehashes of the old one that race the new password stays', async ({ database }) => {
    const { id } = await registerSample(database)
    const change = { from: 'hash-0', to: 'new', at: NOW }
    const rehash = (racer: number) => database.rehashPassword(id, 'hash-0', `rehash-${racer}`, EVENT)
    const early = [0, 1, 2].map(rehash)
    const changed = database.changePassword(id, change, EVENT)
    const rehashed = await Promise.all([...early, ...[3, 4, 5].map(rehash)])
    assert.equal(typeof (await changed) === 'object', !rehashed.includes(true))
    const won = rehashed.filter((done) => done).length
    assert.ok(won <= 1)
    assert.equal((await database.findAccount(id))?.passwordHash, won === 0 ? 'new' : `rehash-${rehashed.indexOf(true)}`)
  }),
]

const copies: readonly ConformanceCase[] = [
  holdTo('changing an account after it was given or answered changes nothing in the database', async ({ database }) => {
    const roles = ['reader']
    const given = await registerSample(database, { roles })
    const copy = structuredClone(given)
    roles.push('admin')
    Object.assign(given, { generation: 9, email: 'spoilt' })
    for (const find of [
      () => database.findAccount(copy.id),
      () => database.findAccountByEmail(copy.email),
      async () => (await database.listAccounts(undefined, 1))[0],
    ]) {
      const found = await find()
      assert.ok(found)
      assertSame(found, copy)
      ;(found.roles as string[]).push('admin')
      Object.assign(found, { generation: 9, disabled: true, passwordHash: '' })
    }
    assertSame(await database.findAccount(copy.id), copy)
  }),
  holdTo('changing roles or an account after a change changes nothing in the database', async ({ database }) => {
    const { id } = await registerSample(database)
    const roles = ['editor']
    const answer = await database.setRoles(id, roles, EVENT)
    roles.push('admin')
    assert.ok(answer)
    ;(answer.roles as string[]).push('owner')
    const changed = await database.changeAccount(id, { name: 'Eve' }, EVENT)
    Object.assign(changed, { name: 'spoilt' })
    const found = await database.findAccount(id)
    assert.deepEqual(found?.roles, ['editor'])
    assert.equal(found.name, 'Eve')
  }),
  holdTo('odd and long texts of an account come back as they were given', async ({ database }) => {
    for (const text of ['\0', 'a\0b', "'; DROP TABLE accounts; --", 'e\u0301 \ud83d\ude00', 'x'.repeat(20_000)]) {
      const account = await registerSample(database, {
        name: text,
        passwordHash: text,
        roles: [text],
        email: `${text}@example.com`,
      })
      assertSame(await database.findAccount(account.id), account)
      assertSame(await database.findAccountByEmail(account.email), account)
    }
  }),
  holdTo('an account without a name has none', async ({ database }) => {
    const { id } = await registerSample(database, { name: undefined })
    assert.equal((await database.findAccount(id))?.name, undefined)
    assert.equal((await database.findAccount(id))?.kept, undefined)
  }),
  holdToAcrossRestart(
    'accounts are the same after a restart',
    async ({ database }) => {
      const { id } = await registerSample(database, { email: 'Ada@example.com' })
      await database.setRoles(id, ['editor'], EVENT)
      await database.rehashPassword(id, 'hash-0', 'hash-1', EVENT)
      await database.disableAccount(id, NOW, EVENT)
      return (await database.findAccount(id)) ?? assert.fail('there is no account')
    },
    async ({ database }, account) => {
      assertSame(await database.findAccount(account.id), account)
      assert.equal(await database.registerAccount(sampleAccount({ email: 'ada@EXAMPLE.com' }), EVENT), 'email-taken')
    },
  ),
]

/** Accounts: who is there, and under which email. */
export const accountCases: readonly ConformanceCase[] = [...registrations, ...lists, ...changes, ...copies]
