import assert from 'node:assert/strict'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import {
  assertSame,
  drawAccountId,
  drawApplicationId,
  drawKeyId,
  drawSessionId,
  NOW,
  race,
  RACERS,
  readWholeAudit,
  registerSample,
  sampleAccount,
  sampleApplication,
  sampleEvent,
  sampleKey,
} from './sample.ts'

const log: readonly ConformanceCase[] = [
  holdTo('an event is read as it was given, with a number', async ({ database }) => {
    const full = sampleEvent('session.refused', drawAccountId(), {
      applicationId: drawApplicationId(),
      sessionId: drawSessionId(),
      detail: JSON.parse('{"__proto__":1,"uses":[{"at":1,"userAgent":"a\\u0000b \\ud83d\\ude00"}],"":null}'),
    })
    const bare = { at: NOW + 1, kind: 'key.removed' } as const
    await database.recordAudit(full)
    await database.recordAudit(bare)
    const [first, second, ...more] = await readWholeAudit(database)
    assert.deepEqual(more, [])
    assertSame(first, { ...full, number: first?.number })
    assert.deepEqual(first?.detail, full.detail)
    assertSame(second, { ...bare, number: second?.number })
    assert.ok(first && second && first.number < second.number)
  }),
  holdTo(
    'events are read oldest first, after a number, at most as many as asked for, whatever their instants',
    async ({ database }) => {
      for (let at = 0; at < 10; at++)
        await database.recordAudit(sampleEvent('session.ended', undefined, { at: NOW - at }))
      const all = await readWholeAudit(database)
      assert.deepEqual(
        all.map(({ at }) => NOW - at),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      )
      const numbers = all.map(({ number }) => number)
      assert.deepEqual(
        numbers,
        numbers.toSorted((one, other) => one - other),
      )
      const read: number[] = []
      for (let rounds = 0; rounds < 4; rounds++) {
        const page = await database.readAudit(read.at(-1) ?? 0, 3)
        assert.ok(page.length <= 3)
        read.push(...page.map(({ number }) => number))
      }
      assert.deepEqual(read, numbers)
      assert.deepEqual(await database.readAudit(numbers.at(-1) ?? 0, 3), [])
      assert.deepEqual(await database.readAudit(0, 0), [])
    },
  ),
  holdTo('events that race are all written, each once, under numbers of their own', async ({ database }) => {
    await race(RACERS, (racer) => database.recordAudit(sampleEvent('session.ended', undefined, { at: racer })))
    const audit = await readWholeAudit(database)
    assert.deepEqual(
      audit.map(({ at }) => at).toSorted((one, other) => one - other),
      Array.from({ length: RACERS }, (_, at) => at),
    )
    assert.equal(new Set(audit.map(({ number }) => number)).size, RACERS)
  }),
  holdTo('an event that was acknowledged stands before one that begins later', async ({ database }) => {
    const { id } = await registerSample(database)
    await database.recordAudit(sampleEvent('session.started', id))
    await database.setRoles(id, [], sampleEvent('account.roles_set', id))
    await database.recordAudit(sampleEvent('session.ended', id))
    const kinds = (await readWholeAudit(database)).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['account.registered', 'session.started', 'account.roles_set', 'session.ended'])
  }),
  holdTo('changing an event after it was given or answered changes nothing in the database', async ({ database }) => {
    const detail = { changed: ['email'] }
    const event = sampleEvent('account.changed', drawAccountId(), { detail })
    const copy = structuredClone(event)
    await database.recordAudit(event)
    detail.changed.push('spoilt')
    Object.assign(event, { kind: 'key.added' })
    const [read] = await readWholeAudit(database)
    assert.ok(read?.detail)
    assertSame(read, { ...copy, number: read.number })
    ;(read.detail['changed'] as string[]).push('spoilt')
    Object.assign(read, { kind: 'key.added' })
    assertSame(await readWholeAudit(database), [{ ...copy, number: read.number }])
  }),
]

const withChanges: readonly ConformanceCase[] = [
  holdTo('every change writes its event, once', async ({ database }) => {
    const { id } = await registerSample(database)
    const application = await database.declareApplication(sampleApplication())
    const key = sampleKey('jwt', NOW)
    await database.changeAccount(id, { name: 'Eve' }, sampleEvent('account.changed'))
    await database.setRoles(id, ['admin'], sampleEvent('account.roles_set'))
    await database.rehashPassword(id, 'hash-0', 'hash-1', sampleEvent('account.password_rehashed'))
    await database.changePassword(id, { from: 'hash-1', to: 'x', at: NOW }, sampleEvent('account.password_changed'))
    await database.raiseAccountGeneration(id, { at: NOW }, sampleEvent('session.all_ended'))
    await database.disableAccount(id, NOW, sampleEvent('account.disabled'))
    await database.enableAccount(id, sampleEvent('account.enabled'))
    await database.eraseAccount(id, NOW, sampleEvent('account.erased'))
    await database.raiseApplicationGeneration(application.id, NOW, sampleEvent('application.sessions_ended'))
    await database.addKeys('jwt', undefined, [key], sampleEvent('key.added'))
    await database.scheduleKey(key.id, NOW, NOW + 1, sampleEvent('key.scheduled'))
    await database.removeKey(key.id, sampleEvent('key.removed'))
    await database.addKeys('jwt', undefined, [key], sampleEvent('key.added'))
    await database.killKey(key.id, NOW, sampleEvent('key.killed'))
    const kinds = (await readWholeAudit(database)).map(({ kind }) => kind)
    const ofAccount = 'registered changed roles_set password_rehashed password_changed'
    assert.deepEqual(
      kinds.slice(0, 5),
      ofAccount.split(' ').map((what) => `account.${what}`),
    )
    assert.deepEqual(kinds.slice(5, 9), ['session.all_ended', 'account.disabled', 'account.enabled', 'account.erased'])
    assert.deepEqual(kinds.slice(9), [
      'application.sessions_ended',
      'key.added',
      'key.scheduled',
      'key.removed',
      'key.added',
      'key.killed',
    ])
  }),
  holdTo('a change that was not made writes no event', async ({ database }) => {
    const { id, email } = await registerSample(database)
    const other = await registerSample(database)
    const event = sampleEvent('store.rollback_detected')
    await database.registerAccount(sampleAccount({ email }), event)
    await database.changeAccount(other.id, { email, name: 'Eve' }, event)
    await database.rehashPassword(id, 'hash-9', 'hash-1', event)
    await database.changePassword(id, { from: 'hash-9', to: 'x', at: NOW }, event)
    await database.addKeys('jwt', drawKeyId(), [sampleKey('jwt', NOW)], event)
    await database.scheduleKey(drawKeyId(), NOW, NOW, event)
    await database.removeKey(drawKeyId(), event)
    await database.killKey(drawKeyId(), NOW, event)
    const absent = drawAccountId()
    await database.changeAccount(absent, { name: 'Eve' }, event)
    await database.setRoles(absent, [], event)
    await database.enableAccount(absent, event)
    await database.disableAccount(absent, NOW, event)
    await database.eraseAccount(absent, NOW, event)
    await database.raiseAccountGeneration(absent, { at: NOW }, event)
    await database.raiseApplicationGeneration(drawApplicationId(), NOW, event)
    const kinds = (await readWholeAudit(database)).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['account.registered', 'account.registered'])
  }),
  holdTo('of registrations that race only the one that is made is in the audit log', async ({ database }) => {
    const rivals = Array.from({ length: 20 }, () => sampleAccount({ email: 'ada@example.com' }))
    const outcomes = await Promise.all(
      rivals.map((rival) => database.registerAccount(rival, sampleEvent('account.registered', rival.id))),
    )
    const audit = await readWholeAudit(database)
    assert.deepEqual(
      audit.map(({ accountId }) => accountId),
      [rivals[outcomes.indexOf('registered')]?.id],
    )
  }),
]

const owners: readonly ConformanceCase[] = [
  holdTo('the owner of a session is the account for which the audit log has it start', async ({ database }) => {
    const [accountId, sessionId] = [drawAccountId(), drawSessionId()]
    assert.equal(await database.findSessionOwner(sessionId), undefined)
    await database.recordAudit(sampleEvent('session.started', accountId, { sessionId }))
    await database.recordAudit(sampleEvent('session.started', drawAccountId(), { sessionId: drawSessionId() }))
    await database.recordAudit(sampleEvent('session.ended', drawAccountId(), { sessionId }))
    assert.equal(await database.findSessionOwner(sessionId), accountId)
  }),
  holdTo('an event of another kind makes nobody the owner of a session', async ({ database }) => {
    const sessionId = drawSessionId()
    await database.recordAudit(sampleEvent('session.ended', drawAccountId(), { sessionId }))
    await database.recordAudit(sampleEvent('refresh.reuse_detected', drawAccountId(), { sessionId }))
    assert.equal(await database.findSessionOwner(sessionId), undefined)
  }),
  holdTo(
    'a database that can be read and written says so, and is none the fuller for it',
    async ({ database, log: revocations }) => {
      assert.equal(await database.check(), undefined)
      assert.deepEqual(await readWholeAudit(database), [])
      assert.equal((await revocations.head()).position, 0)
    },
  ),
  holdToAcrossRestart(
    'the audit log goes on after a restart',
    async ({ database }) => {
      const sessionId = drawSessionId()
      await database.recordAudit(sampleEvent('session.started', drawAccountId(), { sessionId }))
      return { sessionId, audit: await readWholeAudit(database), owner: await database.findSessionOwner(sessionId) }
    },
    async ({ database }, { sessionId, audit, owner }) => {
      assert.ok(owner)
      assert.equal(await database.findSessionOwner(sessionId), owner)
      await database.recordAudit(sampleEvent('session.ended'))
      const [first, second, ...more] = await readWholeAudit(database)
      assertSame([first], audit)
      assert.ok(first && second && first.number < second.number)
      assert.deepEqual(more, [])
    },
  ),
]

/** The audit log: what was done, once, and only if it was. */
export const auditCases: readonly ConformanceCase[] = [...log, ...withChanges, ...owners]
