import { scrub } from '../../../core/secret.js'

/** What a client library threw, by its name, text and stack. */
class ClientError extends Error {
  override readonly name: string

  constructor(error: Error) {
    super(scrub(error.message))
    this.name = error.name
    this.stack = scrub(error.stack ?? `${error.name}: ${error.message}`)
  }
}

/** Client libraries hang their request, with its signature, and the answer on what they throw; an error of ours may be printed whole. */
export function withBareCause(error: Error): Error {
  if (error.cause instanceof Error) error.cause = new ClientError(error.cause)
  return error
}
