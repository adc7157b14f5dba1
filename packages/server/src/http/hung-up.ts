import type { Socket } from 'node:net'

/** The end of a connection is read in a turn of the event loop of its own, after what came before it. */
const TURNS = 2

/** Whether whoever asked has closed the connection since, as far as that has come here. */
export async function hasHungUp(socket: Pick<Socket, 'readableEnded' | 'destroyed'>): Promise<boolean> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
  return socket.readableEnded || socket.destroyed
}
