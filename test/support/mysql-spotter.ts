import type { Spotter } from './statement-spotter.js'

const HEADER_BYTES = 4
const COM_QUERY = 3
/** Longer statements are skipped unread; those that a test wants to cut at are short. */
const LONGEST_STATEMENT_BYTES = 8192

/** Follows one direction of a MySQL connection without TLS, chunk by chunk, packet by packet. */
class PacketFollower implements Spotter {
  readonly #wanted: (payload: Buffer) => boolean
  /** The beginning of a packet whose end has not come yet. */
  #begun: Buffer | undefined
  /** Bytes of an uninteresting packet that are still to come. */
  #skip = 0

  constructor(wanted: (payload: Buffer) => boolean) {
    this.#wanted = wanted
  }

  sees(chunk: Buffer): boolean {
    const data = this.#begun === undefined ? chunk : Buffer.concat([this.#begun, chunk])
    this.#begun = undefined
    let at = Math.min(this.#skip, data.length)
    this.#skip -= at
    while (at < data.length) {
      const end = at + HEADER_BYTES + (data.length - at < HEADER_BYTES ? 0 : data.readUIntLE(at, 3))
      if (data.length - at < HEADER_BYTES || (end > data.length && end - at <= LONGEST_STATEMENT_BYTES)) {
        this.#begun = data.subarray(at)
        return false
      }
      if (end > data.length) {
        this.#skip = end - data.length
        return false
      }
      if (this.#wanted(data.subarray(at + HEADER_BYTES, end))) return true
      at = end
    }
    return false
  }
}

/** Spots a statement sent as COM_QUERY, the only way the product sends any. */
export function statementSpotter(matches: (sql: string) => boolean): Spotter {
  return new PacketFollower((payload) => payload[0] === COM_QUERY && matches(payload.toString('utf8', 1)))
}

/** Spots the end of the next packet: all that a server answers to a statement without rows is one. */
export function readySpotter(): Spotter {
  return new PacketFollower(() => true)
}
