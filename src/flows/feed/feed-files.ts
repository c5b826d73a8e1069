import { DataError } from '../../core/errors.js'
import { failpoint } from '../../core/failpoint.js'
import type { FeedFile } from './manifest.js'
import type { Generation, Page, PartFile } from './part-file.js'

export interface FilesOptions<P extends Page<P>> {
  /** Rows in a file, at most. */
  readonly rows: number
  /** Files are ended together, when their number is known, as each of them names it. */
  readonly together: boolean
  readonly generation: Generation
  /** Where there is no row: one file without rows; else there is no file. */
  readonly evenEmpty: boolean
  /** @param part from 1. */
  nameOf(part: number): string
  /** @param part from 1. */
  open(name: string, part: number): Promise<PartFile<P>>
}

interface OpenFile<P extends Page<P>> {
  readonly name: string
  readonly content: PartFile<P>
}

/** Files that may wait for the last one: each keeps a part of itself in memory. */
const MOST_OPEN = 100

/** Spreads pages over files. Where a file ends depends on the rows alone, not on what is compressed how soon. */
export class FeedFiles<P extends Page<P>> {
  readonly #options: FilesOptions<P>
  readonly #written: FeedFile[] = []
  /** Full, but not ended. */
  readonly #waiting: OpenFile<P>[] = []
  #current: OpenFile<P> | undefined
  #parts = 0

  constructor(options: FilesOptions<P>) {
    this.#options = options
  }

  /** Names of all that was begun, finished or not. */
  get names(): readonly string[] {
    return Array.from({ length: this.#parts }, (_, index) => this.#options.nameOf(index + 1))
  }

  async add(page: P): Promise<void> {
    if (page.rows === 0) return
    const room = this.#options.rows - (this.#current?.content.rows ?? 0)
    if (room === 0) {
      await this.#close()
      return this.add(page)
    }
    if (page.rows <= room) return this.#place(page)
    const [now, later] = page.cut(room)
    await this.#place(now)
    await this.add(later)
  }

  /** Finishes the last file. */
  async end(): Promise<readonly FeedFile[]> {
    if (this.#options.evenEmpty && this.#current === undefined && this.#parts === 0) await this.#open()
    await this.#close()
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      // So that an abort finds it, should ending it fail.
      this.#current = file
      await this.#finish(file)
    }
    return this.#written
  }

  /** Gives up the files that are being written. Never rejects. */
  async abort(): Promise<void> {
    await Promise.all([this.#current, ...this.#waiting].map((file) => file?.content.abort()))
    this.#current = undefined
    this.#waiting.length = 0
  }

  async #place(page: P): Promise<void> {
    const { content } = this.#current ?? (await this.#open())
    if (await content.add(page)) return
    if (content.rows > 0) {
      await this.#close()
      return this.#place(page)
    }
    // A row that alone is larger than a file may be.
    if (page.rows === 1) return content.force(page)
    const [first, second] = page.cut(Math.ceil(page.rows / 2))
    await this.#place(first)
    await this.#place(second)
  }

  async #open(): Promise<OpenFile<P>> {
    const name = this.#options.nameOf(++this.#parts)
    this.#current = { name, content: await this.#options.open(name, this.#parts) }
    return this.#current
  }

  async #close(): Promise<void> {
    const file = this.#current
    if (file === undefined) return
    if (!this.#options.together) return this.#finish(file)
    this.#waiting.push(file)
    this.#current = undefined
    if (this.#waiting.length > MOST_OPEN) throw tooManyFiles()
  }

  async #finish({ name, content }: OpenFile<P>): Promise<void> {
    const { generation } = this.#options
    failpoint('feed:before-file')
    const facts = await content.commit({ number: this.#written.length, total: this.#parts, generation })
    this.#written.push({ name, rows: content.rows, ...facts })
    this.#current = undefined
    failpoint('feed:after-file')
  }
}

function tooManyFiles(): DataError {
  const message = `the feed has more than ${MOST_OPEN} files, each of which is to name the number of all; nothing was published. Raise rotate, or leave the shard metadata out`
  return new DataError('feed-too-many-files', message)
}
