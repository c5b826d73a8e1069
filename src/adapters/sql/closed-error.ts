/**
 * A database handle was used after its dispose. No waiting brings it back, so it is none of the classes that the engine
 * acts upon: it is a mistake of the caller, and stops whatever still uses the handle.
 */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'
  readonly code = 'closed'

  constructor(label: string) {
    super(`${label}: the database handle is closed`)
  }
}
