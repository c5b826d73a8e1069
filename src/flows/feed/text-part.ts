import type { ObjectWriter } from '../../core/object-store.js'
import { CompressedFile } from './compression/compressed-file.js'
import type { Compression } from './compression/compressor.js'
import { compressorOf } from './compression/compressor-of.js'
import type { TextEncoding } from './format.js'
import type { TextPage } from './page.js'
import type { FileFacts, PartFile, Shard } from './part-file.js'

export interface TextPartOptions {
  readonly writer: ObjectWriter
  readonly encoding: TextEncoding
  readonly columns: readonly string[]
  /** Bytes as stored, at most. */
  readonly bytes: number
  readonly compression: Compression
}

/** A file of text: head, rows with the separator between them, tail. */
export class TextPart implements PartFile<TextPage> {
  readonly #options: TextPartOptions
  readonly #head: string
  readonly #content: CompressedFile
  rows = 0

  constructor(options: TextPartOptions) {
    this.#options = options
    this.#head = options.encoding.head(options.columns)
    this.#content = new CompressedFile(options.writer, compressorOf(options.compression))
  }

  async add(page: TextPage): Promise<boolean> {
    const chunk = this.#chunk(page)
    // The end of the document is yet to come.
    const limit = this.#options.bytes - TAIL_BYTES - this.#options.encoding.tail(this.rows + page.rows, LARGEST).length
    if (this.#content.surelyFits(chunk, limit)) await this.#content.add(chunk)
    else if (!(await this.#content.addIfItFits(chunk, limit))) return false
    this.rows += page.rows
    return true
  }

  async force(page: TextPage): Promise<void> {
    await this.#content.add(this.#chunk(page))
    this.rows += page.rows
  }

  async commit(shard: Shard): Promise<FileFacts> {
    const head = this.rows === 0 ? this.#head : ''
    await this.#content.add(Buffer.from(`${head}${this.#options.encoding.tail(this.rows, shard)}`))
    return this.#content.commit()
  }

  abort(): Promise<void> {
    return this.#content.abort()
  }

  #chunk({ bytes }: TextPage): Uint8Array {
    if (this.rows > 0) return bytes
    return Buffer.concat([Buffer.from(this.#head), bytes.subarray(this.#options.encoding.separator.length)])
  }
}

/** What deflate may add to the few characters at the end of a document. */
const TAIL_BYTES = 80
/** No tail is longer than that of this one. */
const LARGEST: Shard = {
  number: 999_999,
  total: 999_999,
  generation: { timestamp: Number.MAX_SAFE_INTEGER, nonce: Number.MAX_SAFE_INTEGER },
}
