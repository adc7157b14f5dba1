/* What express-session adds to a request. */

export interface Session {
  account?: string
  regenerate(done: (error?: unknown) => void): void
}

declare module 'express-serve-static-core' {
  interface Request {
    session: Session
  }
}
