import { showListen, type Listen } from '../config/network.ts'
import { CommandFailure } from '../failure.ts'
import { systemCode } from '../system-code.ts'

/** Listens somewhere; what is in the way is told in a line. @throws {CommandFailure} */
export async function listening<Listening>(address: Listen, listen: () => Promise<Listening>): Promise<Listening> {
  try {
    return await listen()
  } catch (error) {
    const reason = explain(error, address)
    if (reason === undefined) throw error
    throw new CommandFailure(`cannot listen on ${showListen(address)}: ${reason}`)
  }
}

function explain(error: unknown, { host, port }: Listen): string | undefined {
  switch (systemCode(error)) {
    case 'EADDRINUSE': {
      const other = showListen({ host, port: port === 65_535 ? 7500 : port + 1 })
      return `the port is taken by another program; stop it, or set listen to another port, such as ${other}`
    }
    case 'EACCES':
      return 'this user may not use that port; set listen to one above 1023'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine has no such address; set listen to one that it has, such as 127.0.0.1 or 0.0.0.0'
    case undefined:
    default:
      return undefined
  }
}
