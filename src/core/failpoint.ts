/**
 * Named places at which a test, or `LOCKSTEP_FAILPOINT`, makes the process fail: after a write and before its COMMIT,
 * say. Nothing happens unless one is armed; unarmed it costs one comparison.
 */
const armed = new Map<string, () => void>()

/** Runs the action armed for `name`, if any. What it throws goes to the caller. */
export function failpoint(name: string): void {
  if (armed.size > 0) armed.get(name)?.()
}

/** Arms `name` until the function that is returned is called. A second action for a name replaces the first. */
export function armFailpoint(name: string, action: () => void): () => void {
  armed.set(name, action)
  return () => {
    if (armed.get(name) === action) armed.delete(name)
  }
}
