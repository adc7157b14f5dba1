import assert from 'node:assert/strict'
import type { AccountId, Revocation } from '@counterfoil/protocol'
import type { NewAuditEvent } from '../../audit.ts'
import type { Database, RaisedGeneration } from '../database.ts'
import type { RevocationLog } from '../revocation-log.ts'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import {
  assertSame,
  drawAccountId,
  drawSessionId,
  NOW,
  race,
  readWholeAudit,
  registerSample,
  sampleAccount,
  sampleEvent,
} from './sample.ts'

const EVENT = sampleEvent('session.all_ended')

type Raise = (
  id: AccountId,
  at: number,
  event: NewAuditEvent,
) => Promise<RaisedGeneration | 'stale' | 'absent' | undefined>

/** Every verb that raises the generation of an account, keeping nothing. */
function raisesOf(database: Database): Record<string, Raise> {
  return {
    raiseAccountGeneration: (id, at, event) => database.raiseAccountGeneration(id, { at }, event),
    disableAccount: (id, at, event) => database.disableAccount(id, at, event),
    changePassword: (id, at, event) => database.changePassword(id, { from: 'hash-0', to: 'hash-0', at }, event),
    eraseAccount: (id, at, event) => database.eraseAccount(id, at, event),
  }
}

async function readLog(log: RevocationLog): Promise<readonly Revocation[]> {
  const read = await log.read(0, 10_000)
  assert.ok(read !== 'compacted')
  assert.equal(read.records.length, read.head.position)
  return read.records
}

const verbs = ['raiseAccountGeneration', 'disableAccount', 'changePassword', 'eraseAccount'] as const

const raises: readonly ConformanceCase[] = verbs.flatMap((verb) => [
  holdTo(
    `${verb} raises the generation by one and appends the record at the place it answers`,
    async ({ database, log }) => {
      const { id } = await registerSample(database)
      await log.append([{ kind: 'session', sessionId: drawSessionId(), at: NOW }])
      const raised = await raisesOf(database)[verb]?.(id, NOW + 5, EVENT)
      assertSame(raised, { generation: 1, head: await log.head() })
      assert.equal((await log.head()).position, 2)
      const record = (await readLog(log))[1]
      assertSame(record, { kind: 'account', accountId: id, generation: 1, at: NOW + 5, position: 2 })
    },
  ),
  holdTo(`${verb} of an account that is not there writes nothing`, async ({ database, log }) => {
    const outcome = await raisesOf(database)[verb]?.(drawAccountId(), NOW, EVENT)
    assert.ok(outcome === undefined || outcome === 'absent')
    assert.equal((await log.head()).position, 0)
    assert.deepEqual(await readWholeAudit(database), [])
  }),
  holdTo(`${verb} takes the exception of an earlier raise away`, async ({ database }) => {
    const { id } = await registerSample(database)
    await database.raiseAccountGeneration(id, { at: NOW, keep: drawSessionId() }, EVENT)
    await raisesOf(database)[verb]?.(id, NOW, EVENT)
    assert.equal((await database.findAccount(id))?.kept, undefined)
  }),
])

const kept: readonly ConformanceCase[] = [
  holdTo(
    'a raise that keeps a session says so in the record, and the account remembers the cut that held for it',
    async ({ database, log }) => {
      const { id } = await registerSample(database)
      const keep = drawSessionId()
      await database.raiseAccountGeneration(id, { at: NOW }, EVENT)
      const raised = await database.raiseAccountGeneration(id, { at: NOW, keep }, EVENT)
      assert.equal(raised?.generation, 2)
      assertSame((await database.findAccount(id))?.kept, { sessionId: keep, generation: 1 })
      assertSame((await readLog(log))[1], { kind: 'account', accountId: id, generation: 2, keep, at: NOW, position: 2 })
    },
  ),
  holdTo('raises that keep the same session leave the cut that held before the first of them', async ({ database }) => {
    const { id } = await registerSample(database)
    const keep = drawSessionId()
    for (let generation = 1; generation <= 3; generation++) {
      assert.equal((await database.raiseAccountGeneration(id, { at: NOW, keep }, EVENT))?.generation, generation)
      assertSame((await database.findAccount(id))?.kept, { sessionId: keep, generation: 0 })
    }
  }),
  holdTo('a raise that keeps another session forgets the first', async ({ database }) => {
    const { id } = await registerSample(database)
    const [first, second] = [drawSessionId(), drawSessionId()]
    await database.raiseAccountGeneration(id, { at: NOW, keep: first }, EVENT)
    await database.raiseAccountGeneration(id, { at: NOW, keep: second }, EVENT)
    assertSame((await database.findAccount(id))?.kept, { sessionId: second, generation: 1 })
    await database.raiseAccountGeneration(id, { at: NOW, keep: first }, EVENT)
    assertSame((await database.findAccount(id))?.kept, { sessionId: first, generation: 2 })
  }),
  holdTo(
    'a raise that keeps nothing ends the chain: what is kept later is kept from there on',
    async ({ database }) => {
      const { id } = await registerSample(database)
      const keep = drawSessionId()
      await database.raiseAccountGeneration(id, { at: NOW, keep }, EVENT)
      await database.raiseAccountGeneration(id, { at: NOW }, EVENT)
      await database.raiseAccountGeneration(id, { at: NOW, keep }, EVENT)
      assertSame((await database.findAccount(id))?.kept, { sessionId: keep, generation: 2 })
    },
  ),
  holdTo('other changes of an account leave its generation, and what it keeps', async ({ database }) => {
    const { id } = await registerSample(database)
    const keep = drawSessionId()
    await database.raiseAccountGeneration(id, { at: NOW, keep }, EVENT)
    await database.changeAccount(id, { name: 'Eve', email: 'eve@example.com' }, EVENT)
    await database.setRoles(id, ['editor'], EVENT)
    await database.rehashPassword(id, 'hash-0', 'hash-1', EVENT)
    await database.enableAccount(id, EVENT)
    const account = await database.findAccount(id)
    assert.equal(account?.generation, 1)
    assertSame(account.kept, { sessionId: keep, generation: 0 })
  }),
]

const races: readonly ConformanceCase[] = [
  holdTo(
    'raises that race each have a generation and a record of their own, in the same order',
    async ({ database, log }) => {
      const [one, other] = [await registerSample(database), await registerSample(database)]
      const raised = await race(40, (racer) => {
        const { id } = racer % 2 === 0 ? one : other
        return racer % 3 === 0
          ? database.disableAccount(id, NOW, EVENT)
          : database.raiseAccountGeneration(id, { at: NOW }, EVENT)
      })
      const records = await readLog(log)
      assert.equal(records.length, 40)
      for (const [racer, answer] of raised.entries()) {
        const record = records[(answer?.head.position ?? 0) - 1]
        assert.ok(record?.kind === 'account')
        assert.equal(record.accountId, racer % 2 === 0 ? one.id : other.id)
        assert.equal(record.generation, answer?.generation)
      }
      for (const { id } of [one, other]) {
        const generations = records.flatMap((record) =>
          record.kind === 'account' && record.accountId === id ? record.generation : [],
        )
        assert.deepEqual(
          generations,
          Array.from({ length: 20 }, (_, at) => at + 1),
        )
        assert.equal((await database.findAccount(id))?.generation, 20)
      }
    },
  ),
  holdTo('of password changes that race from one password exactly one is made', async ({ database, log }) => {
    const { id } = await registerSample(database)
    const outcomes = await race(20, (racer) =>
      database.changePassword(id, { from: 'hash-0', to: `new-${racer}`, at: NOW }, EVENT),
    )
    const made = outcomes.findIndex((outcome) => typeof outcome === 'object')
    assertSame(outcomes[made], { generation: 1, head: await log.head() })
    assert.equal(outcomes.filter((outcome) => outcome === 'stale').length, 19)
    const account = await database.findAccount(id)
    assert.equal(account?.passwordHash, `new-${made}`)
    assert.equal(account.generation, 1)
    assert.equal((await readLog(log)).length, 1)
  }),
]

const states: readonly ConformanceCase[] = [
  holdTo('a password change puts the new hash in the place of the old', async ({ database }) => {
    const account = await registerSample(database)
    await database.changePassword(account.id, { from: 'hash-0', to: 'hash-1', at: NOW }, EVENT)
    assertSame(await database.findAccount(account.id), { ...account, passwordHash: 'hash-1', generation: 1 })
  }),
  holdTo(
    'a password change from a password that no longer holds is stale, and writes nothing',
    async ({ database, log }) => {
      const account = await registerSample(database)
      assert.equal(await database.changePassword(account.id, { from: 'hash-9', to: 'hash-1', at: NOW }, EVENT), 'stale')
      assertSame(await database.findAccount(account.id), account)
      assert.equal((await log.head()).position, 0)
      assert.equal((await readWholeAudit(database)).length, 1)
    },
  ),
  holdTo('a disabled account is disabled, raised and on record, each time', async ({ database, log }) => {
    const account = await registerSample(database)
    await database.disableAccount(account.id, NOW, EVENT)
    assertSame(await database.findAccount(account.id), { ...account, disabled: true, generation: 1 })
    const again = await database.disableAccount(account.id, NOW, EVENT)
    assertSame(again, { generation: 2, head: await log.head() })
    assertSame(await database.findAccount(account.id), { ...account, disabled: true, generation: 2 })
    assert.equal((await readLog(log)).length, 2)
  }),
  holdTo('enabling an account leaves its generation: nothing comes back', async ({ database, log }) => {
    const account = await registerSample(database)
    await database.disableAccount(account.id, NOW, EVENT)
    assertSame(await database.enableAccount(account.id, EVENT), { ...account, generation: 1 })
    assertSame(await database.enableAccount(account.id, EVENT), { ...account, generation: 1 })
    assertSame(await database.findAccount(account.id), { ...account, generation: 1 })
    assert.equal((await readLog(log)).length, 1)
  }),
]

const erasures: readonly ConformanceCase[] = [
  holdTo('an erased account is absent for every verb, and its email is free', async ({ database, log }) => {
    const { id, email } = await registerSample(database)
    await database.eraseAccount(id, NOW, EVENT)
    assert.equal(await database.findAccount(id), undefined)
    assert.equal(await database.findAccountByEmail(email), undefined)
    assert.deepEqual(await database.listAccounts(undefined, 10), [])
    assert.equal(await database.changeAccount(id, { name: 'Eve' }, EVENT), 'absent')
    assert.equal(await database.setRoles(id, ['admin'], EVENT), undefined)
    assert.equal(await database.enableAccount(id, EVENT), undefined)
    for (const raise of Object.values(raisesOf(database))) {
      const outcome = await raise(id, NOW, EVENT)
      assert.ok(outcome === undefined || outcome === 'absent')
    }
    assert.equal((await readLog(log)).length, 1)
    const next = await registerSample(database, { email })
    assert.equal((await database.findAccountByEmail(email))?.id, next.id)
  }),
  holdTo('the id of an erased account is not given out again', async ({ database }) => {
    const { id } = await registerSample(database)
    await database.eraseAccount(id, NOW, EVENT)
    await assert.rejects(database.registerAccount(sampleAccount({ id }), EVENT))
    assert.equal(await database.findAccount(id), undefined)
  }),
  holdTo(
    'the audit log outlives an account, and holds nothing personal that was not put into its events',
    async ({ database }) => {
      const { id } = await registerSample(database, {
        email: 'secret@example.com',
        name: 'Secret',
        passwordHash: 'secret-hash',
      })
      await database.changeAccount(
        id,
        { email: 'Secret2@example.com', name: 'Secret Too' },
        sampleEvent('account.changed', id),
      )
      await database.eraseAccount(id, NOW, sampleEvent('account.erased', id))
      const audit = await readWholeAudit(database)
      assert.deepEqual(
        audit.map(({ kind }) => kind),
        ['account.registered', 'account.changed', 'account.erased'],
      )
      assert.ok(audit.every(({ accountId }) => accountId === id))
      assert.doesNotMatch(JSON.stringify(audit), /secret/i)
    },
  ),
  holdTo('of erasures that race exactly one is made', async ({ database, log }) => {
    const { id } = await registerSample(database)
    const outcomes = await race(10, () => database.eraseAccount(id, NOW, EVENT))
    assert.equal(outcomes.filter((outcome) => outcome !== undefined).length, 1)
    assert.equal((await readLog(log)).length, 1)
    assert.equal((await readWholeAudit(database)).length, 2)
  }),
  holdToAcrossRestart(
    'after a restart generations go on, and an erased id still is not given out',
    async ({ database, log }) => {
      const keep = drawSessionId()
      const [raised, erased] = [await registerSample(database), await registerSample(database)]
      await database.raiseAccountGeneration(raised.id, { at: NOW, keep }, EVENT)
      await database.eraseAccount(erased.id, NOW, EVENT)
      return { raised, erased, keep, records: await readLog(log) }
    },
    async ({ database, log }, { raised, erased, keep, records }) => {
      assert.deepEqual(await readLog(log), records)
      const again = await database.raiseAccountGeneration(raised.id, { at: NOW, keep }, EVENT)
      assertSame(again, { generation: 2, head: await log.head() })
      assertSame((await database.findAccount(raised.id))?.kept, { sessionId: keep, generation: 0 })
      assert.equal(await database.findAccount(erased.id), undefined)
      await assert.rejects(database.registerAccount(sampleAccount({ id: erased.id }), EVENT))
    },
  ),
]

/** Generations of accounts, and the verbs that raise them. */
export const accountGenerationCases: readonly ConformanceCase[] = [...raises, ...kept, ...races, ...states, ...erasures]
