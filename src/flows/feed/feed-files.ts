import { failpoint } from '../../core/failpoint.js'
import type { ObjectStore } from '../../core/object-store.js'
import { CompressedFile } from './compressed-file.js'
import type { Format } from './format.js'
import type { FeedFile } from './manifest.js'
import type { Page } from './page.js'

export interface Rotation {
  /** Rows in a file, at most. */
  readonly rows: number
  /** Bytes of a file as stored, at most; a single row that has more makes a file of its own. */
  readonly bytes: number
}

export interface FilesOptions {
  readonly store: ObjectStore
  readonly format: Format
  readonly columns: readonly string[]
  readonly rotate: Rotation
  /** gzip level; `undefined`: not compressed. */
  readonly level: number | undefined
  /** @param part from 1. */
  nameOf(part: number): string
  readonly signal: AbortSignal
}

interface OpenFile {
  readonly name: string
  readonly content: CompressedFile
  rows: number
}

/** Spreads pages over files. Where a file ends depends on the rows alone, not on what is compressed how soon. */
export class FeedFiles {
  readonly #options: FilesOptions
  readonly #head: string
  readonly #written: FeedFile[] = []
  #current: OpenFile | undefined
  #parts = 0
  /** Rows that alone are larger than a file may be. */
  oversized = 0

  constructor(options: FilesOptions) {
    this.#options = options
    this.#head = options.format.head(options.columns)
  }

  /** Names of all that was begun, finished or not. */
  get names(): readonly string[] {
    return Array.from({ length: this.#parts }, (_, index) => this.#options.nameOf(index + 1))
  }

  async add(page: Page): Promise<void> {
    if (page.rows === 0) return
    const room = this.#options.rotate.rows - (this.#current?.rows ?? 0)
    if (room === 0) {
      await this.#close()
      return this.add(page)
    }
    if (page.rows <= room) return this.#place(page)
    const [now, later] = page.cut(room)
    await this.#place(now)
    await this.add(later)
  }

  /** Finishes the last file; a feed without rows has one without rows. */
  async end(): Promise<readonly FeedFile[]> {
    if (this.#current === undefined && this.#parts === 0) await this.#open()
    await this.#close()
    return this.#written
  }

  /** Gives up the file that is being written. Never rejects. */
  async abort(): Promise<void> {
    await this.#current?.content.abort()
    this.#current = undefined
  }

  async #place(page: Page): Promise<void> {
    const file = this.#current ?? (await this.#open())
    if (await this.#fits(file, page)) return
    if (file.rows > 0) {
      await this.#close()
      return this.#place(page)
    }
    if (page.rows === 1) return this.#force(file, page)
    const [first, second] = page.cut(Math.ceil(page.rows / 2))
    await this.#place(first)
    await this.#place(second)
  }

  async #fits(file: OpenFile, page: Page): Promise<boolean> {
    const { rotate, format } = this.#options
    const chunk = this.#chunk(file, page)
    // The end of the document is yet to come.
    const limit = rotate.bytes - TAIL_BYTES - format.tail(file.rows + page.rows).length
    if (file.content.surelyFits(chunk, limit)) await file.content.add(chunk)
    else if (!(await file.content.addIfItFits(chunk, limit))) return false
    file.rows += page.rows
    return true
  }

  async #force(file: OpenFile, page: Page): Promise<void> {
    await file.content.add(this.#chunk(file, page))
    file.rows += page.rows
    this.oversized += page.rows
  }

  #chunk(file: OpenFile, page: Page): Uint8Array {
    return Buffer.from(`${file.rows === 0 ? this.#head : this.#options.format.separator}${page.text}`)
  }

  async #open(): Promise<OpenFile> {
    const { store, format, level, nameOf, signal } = this.#options
    this.#parts += 1
    const name = nameOf(this.#parts)
    const writer = await store.create(name, {
      contentType: format.contentType,
      ...(level === undefined ? {} : { contentEncoding: 'gzip' }),
      signal,
    })
    this.#current = { name, content: new CompressedFile(writer, level), rows: 0 }
    return this.#current
  }

  async #close(): Promise<void> {
    const file = this.#current
    if (file === undefined) return
    const { name, content, rows } = file
    const { format } = this.#options
    await content.add(Buffer.from(`${rows === 0 ? this.#head : ''}${format.tail(rows)}`))
    failpoint('feed:before-file')
    this.#written.push({ name, rows, ...(await content.commit()) })
    this.#current = undefined
    failpoint('feed:after-file')
  }
}

/** What deflate may add to the few characters at the end of a document. */
const TAIL_BYTES = 80
