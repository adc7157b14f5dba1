/** What stands in the place of a password. */
export const HIDDEN_PASSWORD = '********'

const LONGEST = 60

/** A value from outside as it may stand in a message: quoted, on one line, cut when it is long. */
export function quote(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return `"${toOneLine(cut).replaceAll('"', String.raw`\"`)}"`
}

/** The text with everything that could break the line, or the terminal, written as an escape. */
export function toOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0
    return String.raw`\u${point.toString(16).padStart(4, '0')}`
  })
}
