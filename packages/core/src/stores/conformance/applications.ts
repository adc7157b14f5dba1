import assert from 'node:assert/strict'
import { holdTo, holdToAcrossRestart, type ConformanceCase } from './case.ts'
import { assertSame, drawApplicationId, NOW, race, readWholeAudit, sampleApplication, sampleEvent } from './sample.ts'

const EVENT = sampleEvent('application.sessions_ended')

const declarations: readonly ConformanceCase[] = [
  holdTo('an application that was declared is found as it was given, at generation 0', async ({ database }) => {
    const settings = sampleApplication({ secretHash: 'hash', redirectUris: ['https://shop.example.com/back'] })
    assertSame(await database.declareApplication(settings), { ...settings, generation: 0 })
    assertSame(await database.findApplication(settings.id), { ...settings, generation: 0 })
    assertSame(await database.listApplications(), [{ ...settings, generation: 0 }])
  }),
  holdTo('an application that was never declared is absent', async ({ database, log }) => {
    const id = drawApplicationId()
    assert.equal(await database.findApplication(id), undefined)
    assert.deepEqual(await database.listApplications(), [])
    assert.equal(await database.raiseApplicationGeneration(id, NOW, EVENT), undefined)
    assert.equal((await log.head()).position, 0)
    assert.deepEqual(await readWholeAudit(database), [])
  }),
  holdTo('an application that is declared anew has the new settings alone', async ({ database }) => {
    const settings = sampleApplication({ secretHash: 'hash', lifetimes: { idleSeconds: 60, absoluteSeconds: 600 } })
    await database.declareApplication(settings)
    const { secretHash: _, ...rest } = settings
    const next = {
      ...rest,
      name: 'Shop 2',
      audience: [],
      lifetimes: { accessTokenSeconds: 30 },
      strategy: 'stateful',
    } as const
    assertSame(await database.declareApplication(next), { ...next, generation: 0 })
    assertSame(await database.findApplication(settings.id), { ...next, generation: 0 })
    assert.equal((await database.listApplications()).length, 1)
  }),
  holdTo('all applications are listed, each once', async ({ database }) => {
    const declared = Array.from({ length: 5 }, () => sampleApplication())
    for (const settings of [...declared, ...declared]) await database.declareApplication(settings)
    const listed = await database.listApplications()
    assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set(declared.map(({ id }) => id)))
    assert.equal(listed.length, 5)
  }),
  holdTo(
    'changing an application after it was given or answered changes nothing in the database',
    async ({ database }) => {
      const settings = sampleApplication()
      const copy = structuredClone(settings)
      const answer = await database.declareApplication(settings)
      Object.assign(settings.lifetimes, { idleSeconds: 1 })
      ;(settings.audience as string[]).push('spoilt')
      ;(answer.origins as string[]).push('spoilt')
      const found = await database.findApplication(copy.id)
      assertSame(found, { ...copy, generation: 0 })
      assert.ok(found)
      ;(found.audience as string[]).push('spoilt')
      const [listed] = await database.listApplications()
      Object.assign(listed?.lifetimes ?? {}, { idleSeconds: 1 })
      assertSame(await database.findApplication(copy.id), { ...copy, generation: 0 })
    },
  ),
]

const raises: readonly ConformanceCase[] = [
  holdTo('a raise of an application appends the record at the place it answers', async ({ database, log }) => {
    const { id } = await database.declareApplication(sampleApplication())
    const raised = await database.raiseApplicationGeneration(id, NOW + 5, EVENT)
    assertSame(raised, { generation: 1, head: await log.head() })
    const read = await log.read(0, 10)
    assert.ok(read !== 'compacted')
    assertSame(read.records, [{ kind: 'client', applicationId: id, generation: 1, at: NOW + 5, position: 1 }])
    assert.equal((await database.findApplication(id))?.generation, 1)
  }),
  holdTo('the generation of an application outlives its being declared anew', async ({ database }) => {
    const settings = sampleApplication()
    await database.declareApplication(settings)
    await database.raiseApplicationGeneration(settings.id, NOW, EVENT)
    await database.raiseApplicationGeneration(settings.id, NOW, EVENT)
    assertSame(await database.declareApplication({ ...settings, name: 'New' }), {
      ...settings,
      name: 'New',
      generation: 2,
    })
    assert.equal((await database.findApplication(settings.id))?.generation, 2)
    assert.equal((await database.raiseApplicationGeneration(settings.id, NOW, EVENT))?.generation, 3)
  }),
  holdTo('a generation that came with the settings is not believed', async ({ database }) => {
    const settings = { ...sampleApplication(), generation: 7 }
    assert.equal((await database.declareApplication(settings)).generation, 0)
    assert.equal((await database.findApplication(settings.id))?.generation, 0)
  }),
  holdTo('raises and declarations that race lose no raise', async ({ database, log }) => {
    const settings = sampleApplication()
    const other = await database.declareApplication(sampleApplication())
    await database.declareApplication(settings)
    const raised = await race(30, async (racer) => {
      if (racer % 3 > 0) return database.raiseApplicationGeneration(settings.id, NOW, EVENT)
      await database.declareApplication({ ...settings, name: `name ${racer}` })
      return undefined
    })
    const generations = raised.flatMap((answer) => (answer === undefined ? [] : [answer.generation]))
    assert.deepEqual(new Set(generations), new Set(Array.from({ length: 20 }, (_, at) => at + 1)))
    assert.equal((await database.findApplication(settings.id))?.generation, 20)
    assert.equal((await database.findApplication(other.id))?.generation, 0)
    assert.equal((await log.head()).position, 20)
  }),
  holdToAcrossRestart(
    'applications and their generations are the same after a restart',
    async ({ database }) => {
      const settings = sampleApplication()
      await database.declareApplication(settings)
      await database.raiseApplicationGeneration(settings.id, NOW, EVENT)
      return settings
    },
    async ({ database }, settings) => {
      assertSame(await database.findApplication(settings.id), { ...settings, generation: 1 })
      assertSame(await database.declareApplication(settings), { ...settings, generation: 1 })
    },
  ),
]

/** Applications, and the generations that outlive their settings. */
export const applicationCases: readonly ConformanceCase[] = [...declarations, ...raises]
