import type { Batch, Checkpoints } from '../../core/batch.js'
import { DataError } from '../../core/errors.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { StreamOptions } from '../../core/stream.js'
import { type FileReader, openFile } from './file-reader.js'
import { layoutOf, type Reading } from './options.js'
import { expandPaths } from './paths.js'
import { decodePosition } from './position.js'

/**
 * Reads files by turns, as many at a time as there are lanes. A file that is broken is set aside: the others are read
 * before the iteration throws, so that one bad file does not keep the rest from being stored.
 */
export class FileSource implements Source<Message> {
  readonly #paths: readonly string[]
  readonly #reading: Reading
  readonly #options: StreamOptions

  constructor(paths: readonly string[], reading: Reading, options: StreamOptions) {
    this.#paths = paths
    this.#reading = reading
    this.#options = options
  }

  async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    if (signal.aborted) return
    const waiting = [...(await expandPaths(this.#paths))]
    if (waiting.length === 0) this.#noticeNone()
    const open: FileReader[] = []
    const broken: DataError[] = []
    try {
      while (!signal.aborted && waiting.length + open.length > 0) {
        const path = open.length < this.#options.lanes ? waiting.shift() : undefined
        try {
          if (path !== undefined) open.push(await this.#open(path, from))
          const batch = await this.#turn(open)
          if (batch !== undefined && !signal.aborted) yield batch
        } catch (error) {
          if (!(error instanceof DataError)) throw error
          broken.push(error)
          this.#options.notice({ level: 'warn', code: error.code, message: error.message })
        }
      }
    } finally {
      for (const reader of open) await reader[Symbol.asyncDispose]()
    }
    if (broken[0] !== undefined && !signal.aborted) throw broken[0]
  }

  /** What a file is read up to is in the checkpoints alone. */
  async acknowledge(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #open(path: string, from: Checkpoints): Promise<FileReader> {
    const saved = from.get(path)
    const position = saved === undefined ? undefined : decodePosition(saved)
    return openFile(path, layoutOf(this.#reading, path), position)
  }

  /** The next batch of the file whose turn it is; `undefined` when that file is at its end. */
  async #turn(open: FileReader[]): Promise<Batch<Message> | undefined> {
    const reader = open.shift()
    if (reader === undefined) return undefined
    let batch: Batch<Message> | undefined
    try {
      batch = await reader.next(this.#options.batch)
    } finally {
      if (batch === undefined) await reader[Symbol.asyncDispose]()
    }
    if (batch !== undefined) open.push(reader)
    return batch
  }

  #noticeNone(): void {
    const message = `no file is named like ${this.#paths.join(', ')}`
    this.#options.notice({ level: 'warn', code: 'files-none', message })
  }
}
