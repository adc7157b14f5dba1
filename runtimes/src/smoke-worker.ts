import { smoke } from './smoke.ts'

export default {
  fetch: async (): Promise<Response> => Response.json(await smoke()),
}
