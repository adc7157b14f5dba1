import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'

/** A TypeScript file of the tree, by its path from the root with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Files of a checkout that git tracks or would track. Never those that it ignores. */
export function listFiles(root: string): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  return [...new Set(listed.split('\n').filter((path) => path !== ''))].toSorted((a, b) => (a < b ? -1 : 1))
}

/** The TypeScript files among them. Throws when there is none: a check that looked at nothing must not pass. */
export function readSources(root: string): SourceFile[] {
  const paths = listFiles(root).filter((path) => /\.[mc]?tsx?$/.test(path))
  const sources = paths.flatMap((path) => {
    const text = readIfThere(join(root, path))
    return text === undefined ? [] : { path, text }
  })
  if (sources.length === 0) throw new Error(`there is no TypeScript file in ${root}`)
  return sources
}

/** Text of a file, or undefined when it has been removed and git does not know yet. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Whether a file is a test, or serves tests alone. */
export function isTest(path: string): boolean {
  return /\.(test|fixture|conformance)\.tsx?$/.test(path) || /\.mutants\.tsx?$/.test(path)
}

/** The syntax tree of a file. */
export function parseSource({ path, text }: SourceFile): ReturnType<typeof parseSync> {
  const parsed = parseSync(path, text)
  if (parsed.errors.length > 0) throw new Error(`${path} does not parse: ${parsed.errors[0]?.message ?? ''}`)
  return parsed
}
