import { createRequire } from 'node:module'
import type * as words from '@zxcvbn-ts/language-common'

/** No policy allows a shorter password, so that shorter ones need not be known. */
const SHORTEST = 8

let common: ReadonlySet<string> | undefined

/**
 * Whether a password, in lower case, is one of the 17,950 most common ones of eight characters and more (ASVS 6.2.4 asks
 * for 3,000). The list is read when this is first asked, which takes some 35 ms and 4 MB: a start need not wait for it.
 */
export function isCommonPassword(folded: string): boolean {
  common ??= readCommon()
  return common.has(folded)
}

function readCommon(): ReadonlySet<string> {
  // By require, because import() would make every judgement asynchronous.
  const { dictionary } = createRequire(import.meta.url)('@zxcvbn-ts/language-common') as typeof words
  return new Set(
    dictionary['passwords-common'].filter((word) => word.length >= SHORTEST).map((word) => word.toLowerCase()),
  )
}
