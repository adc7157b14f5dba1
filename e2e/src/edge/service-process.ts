import { createServer } from 'node:http'

/** A service in a process of its own, to be killed or stopped: answers its name, and how many requests it has had. `node service-process.ts <port> <name>` */
const [port, name] = process.argv.slice(2)
let count = 0
createServer((request, response) => {
  count++
  request.resume().on('end', () => response.end(JSON.stringify({ name, count })))
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'))
