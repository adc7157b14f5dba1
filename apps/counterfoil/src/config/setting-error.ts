/** A setting is wrong. The message is one line: which setting and where it was given, what is wrong, what would be right. */
export class SettingError extends Error {
  override readonly name = 'SettingError'

  /** `place` names the setting as its owner knows it: `counterfoil.toml: listen`, or `COUNTERFOIL_LISTEN`. */
  constructor(place: string, problem: string) {
    super(`${place} ${problem}`)
  }
}
