/** Nothing can be measured, or not to the end. The message is one line for the person who wants to know. */
export class Unmeasurable extends Error {
  override readonly name = 'Unmeasurable'
}
