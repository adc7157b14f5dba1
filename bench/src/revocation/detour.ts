import { Agent } from 'node:http'
import { connect } from 'node:net'

/** From now on every HTTP connection of this process goes to this port of the loopback, whatever its URL says. */
export function takeDetour(port: number): void {
  Agent.prototype.createConnection = () => connect({ port, host: '127.0.0.1', noDelay: true })
}
