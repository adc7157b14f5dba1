/** The ways in which a client keeps somebody signed in by refreshing. */
export const REFRESHING = [
  { clientId: 'hybrid', proof: 'off' },
  { clientId: 'hybrid', proof: 'auto' },
  { clientId: 'stateless', proof: 'off' },
] as const
