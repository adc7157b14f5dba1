/** Texts of PostgreSQL hold every character but NUL. Where one comes, it is written as two others. */
const MARK = '\u001A'

/** A text as it is stored. */
export function storedText(text: string): string {
  if (!text.includes('\0') && !text.includes(MARK)) return text
  return text.replaceAll(MARK, `${MARK}1`).replaceAll('\0', `${MARK}0`)
}

/** The text that was stored. */
export function readText(stored: string): string {
  return stored.includes(MARK) ? stored.replaceAll(`${MARK}0`, '\0').replaceAll(`${MARK}1`, MARK) : stored
}

/** The same for what may be absent. */
export function storedOptional(text: string | undefined): string | null {
  return text === undefined ? null : storedText(text)
}
