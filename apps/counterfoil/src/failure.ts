/** A command cannot do what it was told. The message is one line for the person who gave it. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** Codes with which the command exits. */
export const EXIT = { failed: 1, usage: 2 } as const
