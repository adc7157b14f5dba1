import type { Language } from './language.ts'
import { en, type Words } from './words-en.ts'
import { ko } from './words-ko.ts'

export type { Words }

/** The words of each language. */
export const WORDS: Readonly<Record<Language, Words>> = { en, ko }
