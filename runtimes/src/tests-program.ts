import { files } from 'tests'
import { runFiles } from './suite.ts'

console.log(JSON.stringify(await runFiles(files)))
