import type { ReadyAnswer } from '@counterfoil/verifier/answers'
import { problem } from '../answers.ts'

/** The answer to what the parser of Node could not read, or did not get in time. */
export function clientErrorAnswer(error: Error): ReadyAnswer {
  const code = 'code' in error ? error.code : undefined
  if (code === 'HPE_HEADER_OVERFLOW') return problem('headers_too_large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem('request_timeout')
  return problem('bad_request')
}
