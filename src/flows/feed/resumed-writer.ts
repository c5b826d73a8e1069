import { UnavailableError } from '../../core/errors.js'
import { isObjectMissing, type ObjectStore, type ObjectWriter, type PutOptions } from '../../core/object-store.js'

export interface Resuming {
  readonly store: ObjectStore
  /** Of the file that is written. */
  readonly name: string
  readonly options: PutOptions
  /** A finished file of a run that was killed, which may turn out to have the same bytes. */
  readonly earlier: string
}

/**
 * Writes a file by comparing it with an earlier one. As long as the bytes are equal nothing is sent; when all of them were,
 * the store makes the file of the earlier one. At the first byte that differs what was equal is read again and sent, and
 * so is all that follows. The earlier file is only read: it stays its maker's, who may delete it at any time.
 */
export class ResumedWriter implements ObjectWriter {
  readonly #resuming: Resuming
  readonly #earlier: AsyncIterator<Uint8Array>
  /** Of the earlier file, read and not yet compared. */
  #ahead: Uint8Array = Buffer.alloc(0)
  #equalBytes = 0
  /** Once they differ. */
  #writer: ObjectWriter | undefined
  #over = false

  constructor(resuming: Resuming) {
    this.#resuming = resuming
    const { store, earlier, options } = resuming
    this.#earlier = store.read(earlier, options.signal)[Symbol.asyncIterator]()
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#writer === undefined && (await this.#isNext(bytes))) {
      this.#equalBytes += bytes.length
      return
    }
    const writer = this.#writer ?? (await this.#depart())
    await writer.write(bytes)
  }

  async commit(): Promise<void> {
    const { store, earlier, name, options } = this.#resuming
    if (this.#writer === undefined && store.copier !== undefined && (await this.#isAtEnd())) {
      await gone(earlier, store.copier.copy(earlier, name, options))
    } else {
      const writer = this.#writer ?? (await this.#depart())
      await writer.commit()
    }
    await this.#leave()
  }

  async abort(): Promise<void> {
    await this.#leave().catch(() => undefined)
    await this.#writer?.abort()
  }

  async #isNext(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length; ) {
      if (!(await this.#read())) return false
      const length = Math.min(this.#ahead.length, bytes.length - at)
      if (Buffer.compare(this.#ahead.subarray(0, length), bytes.subarray(at, at + length)) !== 0) return false
      this.#ahead = this.#ahead.subarray(length)
      at += length
    }
    return true
  }

  async #isAtEnd(): Promise<boolean> {
    return !(await this.#read())
  }

  /** Whether there are bytes ahead. */
  async #read(): Promise<boolean> {
    while (this.#ahead.length === 0) {
      const { value, done } = await gone(this.#resuming.earlier, this.#earlier.next())
      if (done === true) return false
      this.#ahead = value
    }
    return true
  }

  async #depart(): Promise<ObjectWriter> {
    await this.#leave()
    const { store, name, options, earlier } = this.#resuming
    this.#writer = await store.create(name, options)
    let left = this.#equalBytes
    const again = store.read(earlier, options.signal)[Symbol.asyncIterator]()
    try {
      while (left > 0) {
        const { value, done } = await gone(earlier, again.next())
        if (done === true) throw isGone(earlier, undefined)
        await this.#writer.write(value.subarray(0, left))
        left -= Math.min(left, value.length)
      }
    } finally {
      await again.return?.()
    }
    return this.#writer
  }

  async #leave(): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#earlier.return?.()
  }
}

/** Whoever made the file may have deleted it: then another attempt, which does without it, has to begin. */
async function gone<Result>(earlier: string, reading: Promise<Result>): Promise<Result> {
  try {
    return await reading
  } catch (error) {
    throw isObjectMissing(error) ? isGone(earlier, error) : error
  }
}

function isGone(earlier: string, cause: unknown): UnavailableError {
  const message = `${earlier}, a file of an earlier run that was used again, was deleted in the meantime; the feed is written anew`
  return new UnavailableError('feed-file-gone', message, { cause })
}
