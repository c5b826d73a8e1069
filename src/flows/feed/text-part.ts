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
    const chunks = this.#chunks(page)
    // The end of the document is yet to come.
    const limit = this.#options.bytes - TAIL_BYTES - this.#options.encoding.tail(this.rows + page.rows, LARGEST).length
    if (this.#content.surelyFits(chunks, limit)) await this.#addAll(chunks)
    else if (!(await this.#content.addIfItFits(chunks, limit))) return false
    this.rows += page.rows
    return true
  }

  async force(page: TextPage): Promise<void> {
    await this.#addAll(this.#chunks(page))
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

  async #addAll(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) await this.#content.add(chunk)
  }

  #chunks({ chunks }: TextPage): readonly Uint8Array[] {
    const [first, ...others] = chunks
    if (this.rows > 0 || first === undefined) return chunks
    const begun = first.subarray(this.#options.encoding.separator.length)
    return [Buffer.concat([Buffer.from(this.#head), begun]), ...others]
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
