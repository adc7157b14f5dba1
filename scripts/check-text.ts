/*
 * Keeps the promise that the project speaks of itself alone: no file that is tracked names a folder of the machine it was written on, or the
 * address of a package registry. What is written here works on anybody's machine.
 */
import { join } from 'node:path'
import { listFiles, readIfThere } from './source-files.ts'

// None of these finds itself: they are escaped here.
const FORBIDDEN: readonly RegExp[] = [
  /(?<![\w.)}*-])\/(work|root|home)\/[\w.-]/,
  /https?:\/\/(registry|npm)\./,
  /\b(npmjs\.org|unpkg\.com|yarnpkg\.com|deb\.debian\.org)\b/,
]

/** Lines that name what they should not. */
export function findForbiddenText(path: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, at) =>
      FORBIDDEN.some((pattern) => pattern.test(line)) ? [`${path}:${at + 1}: ${line.trim().slice(0, 120)}`] : [],
    )
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const paths = listFiles(root).filter((path) => !/\.(png|ico|woff2?)$/.test(path))
  const found = paths.flatMap((path) => findForbiddenText(path, readIfThere(join(root, path)) ?? ''))
  for (const each of found) console.error(each)
  console.log(`text: ${paths.length} files, ${found.length} lines that name what they should not`)
  process.exitCode = found.length === 0 && paths.length > 0 ? 0 : 1
}
