import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isInUse } from './in-use.ts'
import { openSqlite } from './open.ts'
import { sampleSession } from './sample.fixture.ts'
import { makeFolder, newPath } from './scratch.fixture.ts'

/** Opens the file in a process of its own, which waits then. */
async function openElsewhere(path: string): Promise<() => Promise<void>> {
  const url = new URL('../dist/index.js', import.meta.url).href
  const script = `const { openSqlite } = await import(${JSON.stringify(url)})
    const { database } = await openSqlite({ path: ${JSON.stringify(path)} })
    await database.check(); console.log('open'); setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
}

test('a file is in use while another process has it open, even one that does nothing', async () => {
  const path = newPath()
  expect(isInUse(path)).toBe(false)
  const kill = await openElsewhere(path)
  expect(isInUse(path)).toBe(true)
  await kill()
  expect(isInUse(path)).toBe(false)
})

test('asking changes nothing in the file, also where a process that died left a log behind', async () => {
  const path = newPath()
  const stores = await openSqlite({ path })
  const session = sampleSession()
  await stores.sessions.start(session)
  const copy = join(makeFolder(), 'copy.db')
  for (const end of ['', '-wal']) copyFileSync(path + end, copy + end)
  await stores.close()
  expect(isInUse(copy)).toBe(false)
  const again = await openSqlite({ path: copy })
  expect(await again.sessions.find(session.id, session.seenAt)).toEqual(session)
  await again.close()
})
