import { expect, test } from 'vitest'
import { typeKeys } from './typed-line.ts'

const start = { text: '' }

test('keys make a line until enter ends it', () => {
  const line = typeKeys(typeKeys(start, 'hün'), 'ter2\rmore')
  expect(line).toEqual({ text: 'hünter2', ended: 'entered' })
})

test('backspace takes one character away, however many bytes it has, and stops at the beginning', () => {
  expect(typeKeys(start, 'a\u{1F600}\u007F\u007F\u007Fb')).toEqual({ text: 'b' })
})

test('Ctrl-U starts again', () => {
  expect(typeKeys(start, 'wrong\u0015right')).toEqual({ text: 'right' })
})

test('Ctrl-C abandons the line, and so does Ctrl-D at its beginning', () => {
  expect(typeKeys(start, 'abc\u0003')).toEqual({ text: '', ended: 'abandoned' })
  expect(typeKeys(start, '\u0004')).toEqual({ text: '', ended: 'abandoned' })
})

test('other control characters are not typed', () => {
  expect(typeKeys(start, 'a\u001Bb\u0000')).toEqual({ text: 'ab' })
})
