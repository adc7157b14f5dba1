/*
 * A process of its own that takes attempts from a file as fast as it can, and says on its standard output how many were taken. Called with a path,
 * how many to try, and how many the rule allows.
 */
import { openSqlite } from './open.ts'
import { NOW } from './sample.fixture.ts'

async function main([path = '', tries = '', attempts = '']: string[]): Promise<void> {
  const { counters, close } = await openSqlite({ path })
  const rule = { name: 'tries', attempts: Number(attempts), windowMs: 60_000 }
  let taken = 0
  for (let left = Number(tries); left > 0; left--) {
    const taking = await counters.take(rule, 'ada', NOW)
    if (taking.taken) taken++
  }
  await close()
  process.stdout.write(`${taken}`)
}

await main(process.argv.slice(2))
