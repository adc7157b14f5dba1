import { Type } from 'typebox'

/** A line of text. */
export const text = (description: string, pattern = String.raw`^[^\p{Cc}]+$`) => Type.String({ description, pattern })
/** One of these words. */
export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  Type.Unsafe<Words[number]>({ enum: words, description: `one of ${words.map((word) => `"${word}"`).join(', ')}` })
/** A whole number of this range. */
export const wholeNumber = (minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description: `a whole number from ${minimum} to ${maximum}` })
