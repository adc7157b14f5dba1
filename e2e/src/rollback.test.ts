import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { begin, heldFrom, refresh, whoAmI } from './client.ts'
import { makeFolder, startServer } from './harness.ts'

test('a record that was rolled back by hand to an older generation heals, is audited, and signs nobody out', async () => {
  using folder = makeFolder()
  const server = await startServer({ folder: folder.path })
  try {
    let held = await begin({ url: server.url, email: 'ada@example.com' }, 'hybrid')
    const { sessionId } = held
    for (let round = 0; round < 3; round++)
      held = { ...heldFrom(await refresh(server.url, held.refreshToken, 'hybrid')), sessionId }
    const db = new DatabaseSync(join(folder.path, 'data/counterfoil.db'), { timeout: 5000 })
    expect(db.prepare('UPDATE sessions SET generation = 1 WHERE id = ?').run(sessionId).changes).toBe(1)
    const healed = await refresh(server.url, held.refreshToken, 'hybrid')
    expect(healed.status).toBe(200)
    expect((await whoAmI(server.url, heldFrom(healed).bearer)).status).toBe(200)
    const kinds = db
      .prepare('SELECT kind FROM audit WHERE session_id = ?')
      .all(sessionId)
      .map(({ kind }) => kind)
    expect(kinds).toEqual(['session.started', 'store.rollback_detected'])
    expect(db.prepare('SELECT generation FROM sessions WHERE id = ?').get(sessionId)).toEqual({ generation: 4 })
    db.close()
  } finally {
    await server.stop()
  }
})
