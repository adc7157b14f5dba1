/*
 * Keeps the promise that a fresh clone installs what was tested. npm can write a lockfile that leaves out the binaries of other platforms,
 * without a word, and `npm ci` fails then; so each optional dependency that an entry names must have an entry too. No entry may say where
 * it was downloaded from: that is the business of whoever installs.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface LockEntry {
  readonly resolved?: string
  readonly link?: boolean
  /** It came inside of another package, under that one's hash. */
  readonly inBundle?: boolean
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** What is wrong with a lockfile, a line each. */
export function findLockFaults(text: string): string[] {
  const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, LockEntry>> }
  const entries = Object.entries(packages)
  if (entries.length === 0) return ['the lockfile is empty']
  return entries.flatMap(([path, entry]) => [
    ...judgeOrigin(path, entry),
    ...Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !isLocked(packages, path, name))
      .map((name) => `${path || 'the root'}: its optional dependency ${name} is not locked`),
  ])
}

function judgeOrigin(path: string, { resolved, link, inBundle, integrity }: LockEntry): string[] {
  if (link === true || inBundle === true || !path.includes('node_modules/')) return []
  return [
    ...(resolved === undefined ? [] : [`${path}: says where it was downloaded from`]),
    ...(integrity === undefined ? [`${path}: has no hash`] : []),
  ]
}

/** Whether a dependency of the package at `path` has an entry: beside it, or in a folder above. */
function isLocked(packages: Readonly<Record<string, LockEntry>>, path: string, name: string): boolean {
  const folders = path.split('/node_modules/')
  return (
    folders.some((_, depth) => {
      const above = folders.slice(0, folders.length - depth).join('/node_modules/')
      return Object.hasOwn(packages, `${above === '' ? '' : `${above}/`}node_modules/${name}`)
    }) || Object.hasOwn(packages, `node_modules/${name}`)
  )
}

if (import.meta.main) {
  const faults = findLockFaults(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8'))
  for (const fault of faults) console.error(fault)
  console.log(`lockfile: ${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
