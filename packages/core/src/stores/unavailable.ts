/**
 * A store cannot be asked, or did not confirm: a lost connection, a full disk, a damaged file. Stores throw nothing else.
 * What was to be written may or may not have been; what was acknowledged before stays.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}
