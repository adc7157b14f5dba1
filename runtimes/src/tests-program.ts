import { files } from './files.ts'
import { runFiles } from './suite.ts'

console.log(JSON.stringify(await runFiles(files)))
