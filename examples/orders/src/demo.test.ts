import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

it('the demo takes every strategy through its life, and all comes out as promised', async () => {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, '../dist/demo.js')])
  expect(stdout).not.toContain('NOT AS PROMISED')
  for (const step of ['sign up', 'call the orders API', 'refresh', 'sign out', 'then: at the orders API'])
    expect(stdout).toContain(step)
})
