const STARTUP_HEADER_BYTES = 4
const HEADER_BYTES = 5
/** `SSLRequest` and `GSSENCRequest`: sent before the startup message, answered by one byte without a header. */
const ENCRYPTION_REQUESTS = new Set([80877103, 80877104])
/** Longer statements are skipped unread; those that a test wants to cut at are short. */
const LONGEST_STATEMENT_BYTES = 8192

const QUERY = 'Q'.charCodeAt(0)
const PARSE = 'P'.charCodeAt(0)
const READY_FOR_QUERY = 'Z'.charCodeAt(0)

export interface Spotter {
  /** Takes the next chunk of the connection; true when the message that is looked for ends in it. */
  sees(chunk: Buffer): boolean
}

/**
 * Follows one direction of a PostgreSQL connection, chunk by chunk, and says in which a certain message ends. It
 * keeps only what belongs to a message cut in two, so it costs next to nothing on bulk data.
 */
class MessageFollower implements Spotter {
  readonly #wanted: (type: number, body: Buffer) => boolean
  /** The client's first message has a length but no type; the server's messages all have both. */
  #untyped: boolean
  /** The beginning of a message whose end has not come yet. */
  #begun: Buffer | undefined
  /** Bytes of an uninteresting message that are still to come. */
  #skip = 0

  constructor(untyped: boolean, wanted: (type: number, body: Buffer) => boolean) {
    this.#untyped = untyped
    this.#wanted = wanted
  }

  sees(chunk: Buffer): boolean {
    const data = this.#begun === undefined ? chunk : Buffer.concat([this.#begun, chunk])
    this.#begun = undefined
    let at = Math.min(this.#skip, data.length)
    this.#skip -= at
    let found = false
    while (at < data.length) {
      const length = this.#lengthAt(data, at)
      if (length === undefined || (at + length > data.length && length <= LONGEST_STATEMENT_BYTES)) {
        this.#begun = data.subarray(at)
        return found
      }
      if (at + length > data.length) {
        this.#skip = at + length - data.length
        return found
      }
      // What comes after it is followed too, as the next chunk goes on from there.
      if (this.#read(data.subarray(at, at + length))) found = true
      at += length
    }
    return found
  }

  #lengthAt(data: Buffer, at: number): number | undefined {
    const header = this.#untyped ? STARTUP_HEADER_BYTES : HEADER_BYTES
    if (at + header > data.length) return undefined
    return this.#untyped ? data.readInt32BE(at) : 1 + data.readInt32BE(at + 1)
  }

  #read(message: Buffer): boolean {
    if (this.#untyped) {
      const code = message.readInt32BE(STARTUP_HEADER_BYTES)
      if (!ENCRYPTION_REQUESTS.has(code)) this.#untyped = false
      return false
    }
    return this.#wanted(message.readUInt8(0), message.subarray(HEADER_BYTES))
  }
}

/** Spots a statement, sent as a simple query or as a Parse message, in what a client sends. */
export function statementSpotter(matches: (sql: string) => boolean): Spotter {
  return new MessageFollower(true, (type, body) => {
    if (type !== QUERY && type !== PARSE) return false
    const from = type === PARSE ? body.indexOf(0) + 1 : 0
    return matches(body.toString('utf8', from, body.indexOf(0, from)))
  })
}

/**
 * Spots `ReadyForQuery`, sent when a statement and the transaction it ended are over, in what a server sends from now
 * on. To be made when the server owes nothing more, as when a client has just sent its next statement.
 */
export function readySpotter(): Spotter {
  return new MessageFollower(false, (type) => type === READY_FOR_QUERY)
}
