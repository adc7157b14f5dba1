import { execFileSync } from 'node:child_process'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROUTES } from '@counterfoil/protocol'
import { expect, test } from 'vitest'
import { begin, heldFrom, refresh, send, signIn, signUp, whoAmI } from './client.ts'
import { makeFolder, QUICK, startServer, until } from './harness.ts'

/** Gives a folder a small disk of its own; why not, where that cannot be. */
function mountSmallDisk(path: string): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has tmpfs'
  if (process.getuid?.() !== 0) return 'only root may mount'
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', path], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `mount failed: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Takes all the room that is left. */
function fillDisk(path: string): string {
  const filler = join(path, 'filler')
  const { bavail, bsize } = statfsSync(path)
  try {
    writeFileSync(filler, Buffer.alloc(bavail * bsize + 1))
  } catch {
    // The last block did not fit: the disk is full, as it is to be.
  }
  return filler
}

test('a full disk is answered with 503, loses nothing acknowledged, and heals when there is room again', async (context) => {
  using folder = makeFolder()
  const reason = mountSmallDisk(folder.path)
  if (reason !== undefined) {
    console.warn(`SKIPPED: what happens on a full disk is not tested here, because ${reason}`)
    return context.skip(reason)
  }
  try {
    const surroundings = { folder: folder.path, environment: QUICK }
    const server = await startServer(surroundings)
    const { url } = server
    const held = await begin({ url, email: 'before@example.com' }, 'hybrid')

    const filler = fillDisk(folder.path)
    let acknowledged = 0
    // What has room in a file already made may still be written; then no more.
    const refused = await until(async () => {
      const answer = await signUp({ url, email: `during-${acknowledged}@example.com` })
      if (answer.status !== 201) return answer
      acknowledged++
      return undefined
    })
    expect(refused).toMatchObject({ status: 503, body: { code: 'store_unavailable' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await whoAmI(url, held.bearer)).status).toBe(200)
    const stuck = await refresh(url, held.refreshToken, 'hybrid')
    expect(stuck.body).not.toMatchObject({ error: 'invalid_grant' })

    rmSync(filler)
    await until(async () => ((await send(url, ROUTES.readyz)).status === 200 ? true : undefined))
    expect((await signUp({ url, email: 'after@example.com' })).status).toBe(201)
    expect(await server.stop()).toBe(0)

    const again = await startServer(surroundings)
    const emails = ['before', 'after', ...Array.from({ length: acknowledged }, (_, at) => `during-${at}`)]
    for (const name of emails) {
      const visitor = { url: again.url, email: `${name}@example.com` }
      expect({ name, status: (await signIn(visitor, 'hybrid')).status }).toMatchObject({ name, status: 201 })
    }
    expect(heldFrom(await refresh(again.url, held.refreshToken, 'hybrid')).refreshToken).toMatch(/^cfr_/)
    await again.stop()
  } finally {
    execFileSync('umount', ['--lazy', folder.path])
  }
})
