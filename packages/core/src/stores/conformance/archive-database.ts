import assert from 'node:assert/strict'
import { ARCHIVE_KEYS, type Section } from '../archive.ts'
import {
  copyDatabase,
  copySection,
  holdBothTo,
  readSection,
  requireArchives,
  type ArchivedStores,
} from './archive-copy.ts'
import { holdTo, type ConformanceCase } from './case.ts'
import {
  assertSame,
  drawAccountId,
  drawSessionId,
  NOW,
  readWholeAudit,
  registerSample,
  sampleAccount,
  sampleApplication,
  sampleEvent,
  sampleKey,
} from './sample.ts'

const ACCOUNTS: readonly ConformanceCase[] = [
  holdBothTo('accounts that were copied are the same in every member', async (source, target) => {
    const keep = drawSessionId()
    const { id } = await registerSample(source.database, { email: 'Jürgen@Example.com', name: 'Ü \u{1F510} "\n' })
    const event = sampleEvent('account.changed', id)
    await source.database.raiseAccountGeneration(id, { at: NOW, keep }, event)
    await source.database.raiseAccountGeneration(id, { at: NOW, keep }, event)
    const nameless = sampleAccount({ name: undefined, roles: [] })
    await source.database.registerAccount(nameless, event)
    await source.database.disableAccount(nameless.id, NOW, event)
    await copyDatabase(source, target)
    const copied = await target.database.findAccountByEmail('jürgen@example.COM')
    assertSame(copied, await source.database.findAccount(id))
    assertSame(copied?.kept, { sessionId: keep, generation: 0 })
    assertSame(await target.database.findAccount(nameless.id), { ...nameless, generation: 1, disabled: true })
  }),
  holdBothTo(
    'an email that was copied is taken, and an account that was copied can be changed',
    async (source, target) => {
      const account = await registerSample(source.database)
      await copyDatabase(source, target)
      const again = sampleAccount({ email: account.email.toUpperCase() })
      assert.equal(await target.database.registerAccount(again, sampleEvent('account.registered')), 'email-taken')
      const raised = await target.database.raiseAccountGeneration(
        account.id,
        { at: NOW },
        sampleEvent('account.changed'),
      )
      assert.equal(raised?.generation, 1)
    },
  ),
  holdBothTo(
    'the id of an account that was erased is not given out where it was copied to either',
    async (source, target) => {
      const { id } = await registerSample(source.database)
      await source.database.eraseAccount(id, NOW, sampleEvent('account.erased', id))
      await copyDatabase(source, target)
      assert.equal(await target.database.findAccount(id), undefined)
      const again = target.database.registerAccount(sampleAccount({ id }), sampleEvent('account.registered', id))
      await assert.rejects(again)
      assertSame(await readSection(target.archive.erasedAccounts), [{ id }])
    },
  ),
]

const OTHERS: readonly ConformanceCase[] = [
  holdBothTo('applications that were copied have their settings and generation', async (source, target) => {
    const settings = sampleApplication({ secretHash: 'hash', redirectUris: ['https://shop.example.com/back'] })
    await source.database.declareApplication(settings)
    await source.database.raiseApplicationGeneration(settings.id, NOW, sampleEvent('application.sessions_ended'))
    await copyDatabase(source, target)
    assertSame(await target.database.findApplication(settings.id), { ...settings, generation: 1 })
    assertSame(await target.database.declareApplication(settings), { ...settings, generation: 1 })
  }),
  holdBothTo('keys that were copied are the same to the byte, and go on from the newest', async (source, target) => {
    const event = sampleEvent('key.added')
    const [first, next] = [sampleKey('jwt', NOW), sampleKey('jwt', NOW + 1)]
    const opaque = sampleKey('opaque', NOW, { number: 200 })
    await source.database.addKeys('jwt', undefined, [first, next], event)
    await source.database.addKeys('opaque', undefined, [opaque], event)
    await copyDatabase(source, target)
    assertSame(await target.database.listKeys(), [first, next, opaque])
    const later = sampleKey('jwt', NOW + 2)
    assert.equal(await target.database.addKeys('jwt', first.id, [later], event), false)
    assert.equal(await target.database.addKeys('jwt', next.id, [later], event), true)
  }),
  holdBothTo('the audit log that was copied has its numbers, and goes on after them', async (source, target) => {
    const { id } = await registerSample(source.database)
    const sessionId = drawSessionId()
    const detail = { é: [1, null, { deep: '\u{1F510}' }], 7: 'seven' }
    await source.database.recordAudit(sampleEvent('session.started', id, { sessionId, detail }))
    await source.database.recordAudit({ at: NOW, kind: 'key.added' })
    const before = await readWholeAudit(source.database)
    await copyDatabase(source, target)
    assertSame(await readWholeAudit(target.database), before)
    assert.equal(await target.database.findSessionOwner(sessionId), id)
    await target.database.recordAudit({ at: NOW, kind: 'key.removed' })
    const after = await readWholeAudit(target.database)
    assertSame(after.slice(0, -1), before)
    assert.ok((after.at(-1)?.number ?? 0) > (before.at(-1)?.number ?? 0))
  }),
]

async function appendOfEachKind({ log }: ArchivedStores): Promise<void> {
  const [sessionId, accountId] = [drawSessionId(), drawAccountId()]
  await log.append([
    { kind: 'session', sessionId, at: NOW },
    { kind: 'account', accountId, generation: 3, keep: sessionId, at: NOW + 1 },
    { kind: 'account', accountId, generation: 4, at: NOW + 2 },
    { kind: 'client', applicationId: sampleApplication().id, generation: 1, at: NOW + 3 },
    { kind: 'key', keyId: sampleKey('jwt', NOW).id, at: NOW + 4 },
    { kind: 'changed', subject: accountId, at: NOW + 5 },
  ])
}

const LOG: readonly ConformanceCase[] = [
  holdBothTo('whoever followed a log goes on in its copy as if nothing had happened', async (source, target) => {
    await appendOfEachKind(source)
    await copyDatabase(source, target)
    assertSame(await target.log.head(), await source.log.head())
    for (let after = 0; after <= 6; after++)
      assertSame(await target.log.read(after, 2), await source.log.read(after, 2))
    const record = { kind: 'session', sessionId: drawSessionId(), at: NOW } as const
    assertSame(await target.log.append([record]), await source.log.append([record]))
    assert.equal(await target.log.holdsSession(record.sessionId), true)
    assertSame(await target.log.read(6, 2), await source.log.read(6, 2))
  }),
  holdBothTo('a log that was copied knows which sessions it has ended', async (source, target) => {
    const sessionId = drawSessionId()
    await source.log.append([{ kind: 'session', sessionId, at: NOW }])
    await copyDatabase(source, target)
    assert.equal(await target.log.holdsSession(sessionId), true)
    assert.equal(await target.log.holdsSession(drawSessionId()), false)
  }),
  holdBothTo('what was compacted is compacted in the copy', async (source, target) => {
    await appendOfEachKind(source)
    await source.log.compact(NOW + 3)
    await copyDatabase(source, target)
    assert.equal(await target.log.read(2, 10), 'compacted')
    assertSame(await target.log.read(3, 10), await source.log.read(3, 10))
    await source.log.compact(NOW + 99)
    assert.equal(await target.log.compact(NOW + 99), 3)
    assertSame(await target.log.head(), await source.log.head())
  }),
  holdBothTo('a log of which nothing is left is copied with its end', async (source, target) => {
    await appendOfEachKind(source)
    await source.log.compact(NOW + 99)
    await copyDatabase(source, target)
    assertSame(await target.log.head(), await source.log.head())
    assert.equal(await target.log.read(5, 10), 'compacted')
    assertSame((await target.log.append([{ kind: 'session', sessionId: drawSessionId(), at: NOW }])).position, 7)
  }),
  holdBothTo('the ends of a log are its own until all records are there', async (source, target) => {
    await appendOfEachKind(source)
    const before = await target.log.head()
    await copySection(source.archive.revocations, target.archive.revocations)
    assertSame(await target.log.head(), before)
    assert.notEqual(before.incarnation, (await source.log.head()).incarnation)
    await copySection(source.archive.log, target.archive.log)
    assertSame(await target.log.head(), await source.log.head())
  }),
  holdBothTo('a log in which something has happened becomes no other', async (source, target) => {
    await appendOfEachKind(source)
    const head = await target.log.append([{ kind: 'session', sessionId: drawSessionId(), at: NOW }])
    const records = await readSection(source.archive.revocations)
    assertSame(await target.archive.revocations.write(records.slice(1)), { differs: '2' })
    assertSame(await target.archive.revocations.write(records), { differs: '1' })
    assertSame(await target.archive.log.write(await readSection(source.archive.log)), { differs: 'log' })
    assertSame(await target.log.head(), head)
    assert.equal((await readSection(target.archive.revocations)).length, 1)
  }),
]

interface Sample {
  readonly name: 'accounts' | 'erasedAccounts' | 'applications' | 'keys' | 'audit' | 'revocations'
  readonly fill: (stores: ArchivedStores) => Promise<unknown>
}

const SAMPLES: readonly Sample[] = [
  { name: 'accounts', fill: ({ database }) => registerSample(database) },
  {
    name: 'erasedAccounts',
    async fill({ database }) {
      const { id } = await registerSample(database)
      await database.eraseAccount(id, NOW, sampleEvent('account.erased', id))
    },
  },
  { name: 'applications', fill: ({ database }) => database.declareApplication(sampleApplication()) },
  {
    name: 'keys',
    async fill({ database }) {
      const newest = (await database.listKeys()).at(-1)
      const key = sampleKey('jwt', (newest?.activeAt ?? NOW) + 1)
      await database.addKeys('jwt', newest?.id, [key], sampleEvent('key.added'))
    },
  },
  { name: 'audit', fill: ({ database }) => database.recordAudit(sampleEvent('session.refused')) },
  {
    name: 'revocations',
    fill: ({ log }) => log.append([{ kind: 'session', sessionId: drawSessionId(), at: NOW }]),
  },
]

/** What every section does, whatever its rows are: `spoil` makes another row with the same key. */
async function checkSection<Row>(
  from: Section<Row>,
  to: Section<Row>,
  keyOf: (row: Row) => string,
  spoil: (row: Row) => Row,
): Promise<void> {
  const rows = await readSection(from)
  assert.equal(rows.length, 5)
  for (const limit of [1, 2, 3, 5, 6]) assertSame(await readSection(from, limit), rows)
  assertSame(await from.find(rows.slice(1, 3).map(keyOf)), rows.slice(1, 3))
  assertSame(await from.find([]), [])
  assertSame(await to.find(rows.map(keyOf)), [])
  assertSame(await to.write([]), 'written')
  assertSame(await to.write(rows.slice(0, 2)), 'written')
  assertSame(await to.write(rows.slice(0, 2)), 'written')
  const [first, , third, fourth] = rows
  if (first === undefined || third === undefined || fourth === undefined) assert.fail('there are too few rows')
  const spoilt = spoil(first)
  assert.notDeepEqual(spoilt, first)
  assertSame(await to.write([third, spoilt, fourth]), { differs: keyOf(first) })
  assertSame(await readSection(to), rows.slice(0, 2))
  assertSame(await to.write(rows), 'written')
  assertSame(await readSection(to), rows)
}

function checkNamed(
  { archive: from }: ArchivedStores,
  { archive: to }: ArchivedStores,
  name: Sample['name'],
): Promise<void> {
  const keys = ARCHIVE_KEYS
  switch (name) {
    case 'accounts':
      return checkSection(from.accounts, to.accounts, keys.accounts, (row) => ({ ...row, passwordHash: 'other' }))
    case 'erasedAccounts':
      return checkIds(from, to)
    case 'applications':
      return checkSection(from.applications, to.applications, keys.applications, (row) => ({ ...row, generation: 9 }))
    case 'keys':
      return checkSection(from.keys, to.keys, keys.keys, (row) => ({ ...row, sealed: 'AAAA' }))
    case 'audit':
      return checkSection(from.audit, to.audit, keys.audit, (row) => ({ ...row, detail: { other: true } }))
    case 'revocations':
      return checkSection(from.revocations, to.revocations, keys.revocations, (row) => ({ ...row, at: row.at + 1 }))
  }
}

/** A row that is but a key cannot differ from another one. */
async function checkIds(from: ArchivedStores['archive'], to: ArchivedStores['archive']): Promise<void> {
  const rows = await readSection(from.erasedAccounts)
  for (const limit of [1, 2, 3, 5, 6]) assertSame(await readSection(from.erasedAccounts, limit), rows)
  assertSame(await to.erasedAccounts.find([rows[1]?.id ?? '']), [])
  for (const _ of [1, 2]) assertSame(await to.erasedAccounts.write(rows), 'written')
  assertSame(await to.erasedAccounts.find([rows[1]?.id ?? '']), [rows[1]])
  assertSame(await readSection(to.erasedAccounts), rows)
}

const SECTIONS: readonly ConformanceCase[] = SAMPLES.map(({ name, fill }) =>
  holdBothTo(
    `${name} are read in pages and written once, and none is put in the place of one that differs`,
    async (source, target) => {
      for (let rows = 0; rows < 5; rows++) await fill(source)
      await checkNamed(source, target, name)
    },
  ),
)

const CARE: readonly ConformanceCase[] = [
  holdBothTo('an account whose email another one has is not taken up', async (source, target) => {
    const { id, email } = await registerSample(source.database)
    const other = await registerSample(target.database, { email: email.toUpperCase() })
    const rows = await readSection(source.archive.accounts)
    assertSame(await target.archive.accounts.write(rows), { differs: id })
    assertSame(await target.database.listAccounts(undefined, 10), [other])
  }),
  holdTo('an archive of what is empty is empty, but for the ends of its log', async (stores) => {
    const { archive, log } = requireArchives(stores)
    for (const { name } of SAMPLES) assertSame(await readSection<unknown>(archive[name]), [])
    assertSame(await readSection(archive.log), [{ ...(await log.head()), compacted: 0 }])
  }),
  holdTo('changing a row after it was read or written changes nothing in the database', async (stores) => {
    const { archive } = requireArchives(stores)
    const { id } = await registerSample(stores.database, { roles: ['reader'] })
    const [row] = (await archive.accounts.read(undefined, 1)).rows
    assert.ok(row)
    ;(row.roles as string[]).push('admin')
    const [found] = await archive.accounts.find([id])
    assertSame(found?.roles, ['reader'])
    const written = { ...sampleAccount({ roles: ['reader'] }), generation: 0, disabled: false }
    await archive.accounts.write([written])
    ;(written.roles as string[]).push('admin')
    assertSame((await stores.database.findAccount(written.id))?.roles, ['reader'])
  }),
  {
    title: 'what was copied is there after a restart, with the log it has become',
    needs: 'reopen',
    async run(open) {
      const source = requireArchives(await open())
      let target = requireArchives(await open())
      try {
        const { id } = await registerSample(source.database)
        await appendOfEachKind(source)
        await copyDatabase(source, target)
        if (target.reopen === undefined) throw new TypeError('this case needs stores that can be reopened')
        target = requireArchives(await target.reopen())
        assertSame(await target.database.findAccount(id), await source.database.findAccount(id))
        assertSame(await target.log.read(0, 10), await source.log.read(0, 10))
        assertSame(await readSection(target.archive.log), await readSection(source.archive.log))
      } finally {
        await source.close()
        await target.close()
      }
    },
  },
]

/** What every `DatabaseArchive` holds to. */
export const databaseArchiveCases: readonly ConformanceCase[] = [...ACCOUNTS, ...OTHERS, ...LOG, ...SECTIONS, ...CARE]
