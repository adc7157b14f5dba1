import { expect, test } from 'vitest'
import { showLogLine } from './log-line.ts'

test('a line of the log reads as time, level, message and the rest', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5).getTime()
  const line = showLogLine(
    JSON.stringify({
      level: 30,
      time,
      msg: 'answered',
      request_id: 'r-1',
      method: 'GET',
      res: { status: 201 },
      ms: 1.2345,
    }),
  )
  expect(line).toBe('03:04:05 info  answered method=GET status=201 ms=1.2')
})

test('a stack stays out, and nothing can break the line or colour the terminal', () => {
  const line = showLogLine(JSON.stringify({ level: 50, msg: 'a\nb\u001B[31m', err: { message: 'm', stack: 'at x' } }))
  expect(line).toBe(String.raw` ERROR a\u000ab\u001b[31m message=m`)
})

test('what is no line of the log is shown as it is', () => {
  expect(showLogLine('hello')).toBe('hello')
})
