import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeMissing } from './requirements.ts'

const MAIN = join(import.meta.dirname, '../dist/main.js')
const PATIENCE_MS = 240_000

const missing = describeMissing()
if (missing !== undefined) console.warn(`The cluster is not tried. ${missing}`)

interface Ended {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

function run(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}

// Where tests have to prove something, what they need must be there.
const canRun = missing === undefined || process.env['CI'] === 'true'

it.skipIf(!canRun)(
  'users work on while nodes are killed: nobody is signed out, and only requests in flight are sent twice',
  async () => {
    const { code, stdout, stderr } = await run('--kill-seconds', '8')
    expect(stdout + stderr).not.toMatch(/BROKEN|NOT AS PROMISED/)
    expect(stdout).toMatch(/of these killed +[1-9]/)
    expect(stdout.match(/^ {2}kept/gm)).toHaveLength(3)
    expect(code).toBe(0)
  },
  PATIENCE_MS,
)

it.skipIf(!canRun)(
  'nodes are restarted one after the other: no request fails, and hardly one is sent again',
  async () => {
    const { code, stdout, stderr } = await run('--kill-seconds', '8', '--rolling', '--no-demo')
    expect(stdout + stderr).not.toContain('BROKEN')
    expect(stdout).toMatch(/nodes ended and replaced +[1-9]/)
    expect(stdout.match(/^ {2}kept/gm)).toHaveLength(3)
    expect(code).toBe(0)
  },
  PATIENCE_MS,
)

it('a wrong option is told with those that there are', async () => {
  const { code, stderr } = await run('--sticky')
  expect(code).toBe(1)
  expect(stderr).toMatch(/--sticky[\s\S]*--kill-seconds <number>/)
})
