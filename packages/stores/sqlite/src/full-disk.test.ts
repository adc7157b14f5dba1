import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openSqlite } from './open.ts'
import { NOW, sampleSession } from './sample.fixture.ts'
import { fillUp, openStores } from './scratch.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'counterfoil-full-'))
const mounted = mountSmallDisk()

afterAll(() => {
  if (mounted) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true })
})

function mountSmallDisk(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    process.stdout.write('skipped: only root may mount the small disk that this test fills\n')
    return false
  }
}

describe.skipIf(!mounted)('a full disk', () => {
  it('rejects writes, answers reads, loses nothing acknowledged, and is over when there is room', async () => {
    const path = join(folder, 'counterfoil.db')
    const filler = join(folder, 'filler')
    writeFileSync(filler, Buffer.alloc(2 << 20))
    const stores = await openStores({ path })
    const started = await fillUp(stores)
    expect(started.length).toBeGreaterThan(100)
    for (const session of started) expect(await stores.sessions.find(session.id, NOW)).toEqual(session)

    rmSync(filler)
    await stores.database.check()
    const later = sampleSession()
    expect(await stores.sessions.start(later)).toBe('started')
    await stores.close()

    const again = await openStores({ path })
    for (const session of [...started, later]) expect(await again.sessions.find(session.id, NOW)).toEqual(session)
  })

  it('refuses a new file in one line', async () => {
    const path = join(folder, 'other.db')
    const filler = join(folder, 'filler')
    expect(() => writeFileSync(filler, Buffer.alloc(8 << 20))).toThrow('ENOSPC')
    await expect(openSqlite({ path })).rejects.toMatchObject({ name: 'SqliteOpenError', reason: 'full', path })
    rmSync(filler)
  })
})
