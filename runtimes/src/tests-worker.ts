import { files } from './files.ts'
import { runFiles } from './suite.ts'

// Keys cannot be made where the module is loaded, only while a request is answered: the files are loaded there.
export default {
  fetch: async (): Promise<Response> => Response.json(await runFiles(files)),
}
