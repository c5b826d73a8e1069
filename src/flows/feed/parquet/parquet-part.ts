import { createHash } from 'node:crypto'
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { ObjectWriter } from '../../../core/object-store.js'
import type { FileFacts, Page, PartFile } from '../part-file.js'
import type { ParquetColumn, ParquetCompression } from './column-type.js'
import type { ParquetValue } from './column-value.js'
import { CODECS, compressors, type Library, schemaOf } from './parquet-library.js'

export interface ValuesPage extends Page<ValuesPage> {
  readonly values: readonly (readonly ParquetValue[])[]
  /** No encoding of the values has more. */
  readonly bytes: number
}

export function valuesPage(values: readonly (readonly ParquetValue[])[]): ValuesPage {
  return {
    rows: values.length,
    values,
    bytes: values.reduce((sum, row) => sum + row.reduce<number>((bytes, value) => bytes + sizeOf(value), 0), 0),
    cut: (first) => [valuesPage(values.slice(0, first)), valuesPage(values.slice(first))],
  }
}

/** Of its longest encoding, with the length before it. */
function sizeOf(value: ParquetValue): number {
  if (typeof value === 'string') return 8 + value.length * 3
  return value instanceof Uint8Array ? 8 + value.length : 24
}

export interface ParquetPartOptions {
  readonly library: Library
  readonly writer: ObjectWriter
  readonly columns: readonly ParquetColumn[]
  readonly compression: ParquetCompression
  /** Bytes as stored, at most. */
  readonly bytes: number
}

/** Rows are gathered into groups of bounded size, so memory is flat however large the file. */
export class ParquetPart implements PartFile<ValuesPage> {
  readonly #options: ParquetPartOptions
  readonly #buffer: ByteWriter
  readonly #parquet: ParquetWriter
  readonly #sha256 = createHash('sha256')
  #gathered: (readonly ParquetValue[])[] = []
  #gatheredBytes = 0
  #groups = 0
  rows = 0

  constructor(options: ParquetPartOptions) {
    const { library, columns, compression } = options
    this.#options = options
    this.#buffer = new library.ByteWriter()
    this.#parquet = new library.ParquetWriter({
      writer: this.#buffer,
      schema: schemaOf(columns),
      codec: CODECS[compression],
      compressors: compressors(),
      createdBy: 'lockstep',
    })
  }

  async add(page: ValuesPage): Promise<boolean> {
    // Near the limit what is gathered is written, and its true size known.
    if (!this.#fits(page)) await this.#writeGroup()
    if (!this.#fits(page)) return false
    await this.force(page)
    return true
  }

  async force({ rows, values, bytes }: ValuesPage): Promise<void> {
    for (const row of values) this.#gathered.push(row)
    this.#gatheredBytes += bytes
    this.rows += rows
    if (this.#gatheredBytes >= GROUP_BYTES || this.#gathered.length >= GROUP_ROWS) await this.#writeGroup()
  }

  async commit(): Promise<FileFacts> {
    await this.#writeGroup()
    await this.#parquet.finish()
    await this.#flush()
    await this.#options.writer.commit()
    return { bytes: this.#buffer.offset, sha256: this.#sha256.digest('hex') }
  }

  abort(): Promise<void> {
    return this.#options.writer.abort()
  }

  #fits({ bytes }: ValuesPage): boolean {
    const { columns, bytes: limit } = this.#options
    const footer = FOOTER_BYTES + (this.#groups + 2) * columns.length * CHUNK_BYTES
    return this.#buffer.offset + this.#gatheredBytes + bytes + footer <= limit
  }

  async #writeGroup(): Promise<void> {
    if (this.#gathered.length === 0) return
    const rows = this.#gathered
    const columnData = this.#options.columns.map(({ name }, at) => ({ name, data: rows.map((row) => row[at] ?? null) }))
    await this.#parquet.write({ columnData, rowGroupSize: rows.length })
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#groups += 1
    await this.#flush()
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.getBytes().slice()
    this.#buffer.index = 0
    this.#sha256.update(bytes)
    await this.#options.writer.write(bytes)
  }
}

const GROUP_ROWS = 100_000
const GROUP_BYTES = 16_000_000
const FOOTER_BYTES = 2_000
/** What the footer and the headers of pages take for a column of a group. */
const CHUNK_BYTES = 400
