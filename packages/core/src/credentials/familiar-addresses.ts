/** How many groups of addresses an account is remembered with: enough for a person's places. */
export const FAMILIAR_GROUPS_PER_ACCOUNT = 8

/**
 * Where accounts have signed in from. An account and a group are short texts. Time is given by the caller. What is forgotten too early makes
 * an address unfamiliar again, and nothing worse. Rejects only when it cannot be asked.
 */
export interface FamiliarAddresses {
  /** Whether the account has signed in from this group of addresses, and that still counts at `now`. Asking keeps nothing. */
  knows(account: string, group: string, now: number): Promise<boolean>
  /**
   * Atomic. The account has signed in from there; that counts until `until`. Of an account the last `FAMILIAR_GROUPS_PER_ACCOUNT` that were
   * remembered stay, whatever their `until`: no account can displace the groups of another.
   */
  remember(account: string, group: string, until: number): Promise<void>
}
