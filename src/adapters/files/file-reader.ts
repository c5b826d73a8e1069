import type { Batch } from '../../core/batch.js'
import type { Message } from '../../core/message.js'
import type { BatchLimits } from '../../core/stream.js'
import { type Content, openContent } from './content.js'
import { corruptFile, replacedFile } from './errors.js'
import { pieceMessage } from './message.js'
import type { Layout } from './options.js'
import { digest, encodePosition, type FilePosition, positionAfter } from './position.js'
import { type Body, type Csv, lineBody, parseRecord, recordBody } from './records.js'
import { type Piece, Splitter, splitOptions } from './splitter.js'

/** Reads one file by the batch, from a position on. */
export class FileReader implements AsyncDisposable {
  readonly path: string
  readonly #content: Content
  readonly #splitter: Splitter
  readonly #body: Body
  /** Where the content ended when its last line, which has no newline, was given. */
  #givenEnd: number | undefined
  /** Met while there were items to give first. */
  #failure: { readonly error: unknown } | undefined

  constructor(
    path: string,
    parts: { content: Content; splitter: Splitter; body: Body; givenEnd?: number | undefined },
  ) {
    this.path = path
    this.#content = parts.content
    this.#splitter = parts.splitter
    this.#body = parts.body
    this.#givenEnd = parts.givenEnd
  }

  /** `undefined` at the end of the file; a plain file that grew has more when asked again. */
  async next(limits: BatchLimits): Promise<Batch<Message> | undefined> {
    const items: Message[] = []
    let bytes = 0
    let last: Piece | undefined
    while (items.length < limits.items && bytes < limits.bytes) {
      const piece = this.#splitter.next()
      if (piece === undefined) {
        const filled = await this.#fill(items.length > 0)
        if (filled === 'more') continue
        if (filled === 'end') return this.#atEnd(items, last)
        break
      }
      last = piece
      bytes += piece.bytes.length
      items.push(pieceMessage(this.path, piece, this.#body))
    }
    return this.#batch(items, last === undefined ? undefined : positionAfter(last, false))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#content[Symbol.asyncDispose]()
  }

  /** `later`: it failed, and what was read before is to be given first. */
  async #fill(later: boolean): Promise<'more' | 'end' | 'later'> {
    if (this.#failure !== undefined) throw this.#failure.error
    try {
      const chunk = await this.#content.next(this.#splitter.wants)
      if (chunk !== undefined) this.#splitter.push(chunk)
      return chunk === undefined ? 'end' : 'more'
    } catch (error) {
      this.#failure = { error }
      if (later) return 'later'
      throw error
    }
  }

  #atEnd(items: Message[], last: Piece | undefined): Batch<Message> | undefined {
    const open = this.#splitter.last()
    if (open === undefined || open.end === this.#givenEnd) {
      return this.#batch(items, last === undefined ? undefined : positionAfter(last, false))
    }
    this.#givenEnd = open.end
    items.push(pieceMessage(this.path, open, this.#body))
    return this.#batch(items, positionAfter(open, true))
  }

  #batch(items: Message[], position: FilePosition | undefined): Batch<Message> | undefined {
    return position === undefined ? undefined : { lane: this.path, position: encodePosition(position), items }
  }
}

/** Opens a file where `from` says, or at its beginning. Throws a `ConfigError` when it is not the file that was read. */
export async function openFile(path: string, layout: Layout, from: FilePosition | undefined): Promise<FileReader> {
  const { csv, lineBytes } = layout
  const head = csv === undefined ? undefined : await readHead(path, layout, csv)
  const body = csv === undefined || head === undefined ? lineBody(lineBytes) : recordBody(head.columns, csv, lineBytes)
  const start = from === undefined ? (head?.end ?? 0) : Math.min(from.line.from, from.byte)
  const content = await openContent(path, start)
  try {
    const splitter = new Splitter(splitOptions(layout, from?.byte ?? start))
    if (from !== undefined) {
      const rest = await verify(path, content, from)
      if (rest.length > 0) splitter.push(rest)
    }
    return new FileReader(path, { content, splitter, body, givenEnd: from?.end })
  } catch (error) {
    await content[Symbol.asyncDispose]()
    throw error
  }
}

/** Reads the last line once more; answers what was read beyond the position. */
async function verify(path: string, content: Content, from: FilePosition): Promise<Buffer> {
  const { byte, line } = from
  const start = Math.min(line.from, byte)
  const chunks: Buffer[] = []
  let length = 0
  while (length < Math.max(line.to, byte) - start) {
    const chunk = await content.next(64 * 1024)
    if (chunk === undefined) throw replacedFile(path, byte)
    chunks.push(chunk)
    length += chunk.length
  }
  const read = Buffer.concat(chunks)
  if (digest(read.subarray(line.from - start, line.to - start)) !== line.sha256) throw replacedFile(path, byte)
  return read.subarray(byte - start)
}

interface Head {
  readonly columns: readonly string[]
  /** Where the records begin. */
  readonly end: number
}

/** The header row; `undefined` for an empty file. */
async function readHead(path: string, layout: Layout, csv: Csv): Promise<Head | undefined> {
  if (csv.columns !== undefined) return { columns: csv.columns, end: 0 }
  await using content = await openContent(path, 0)
  const splitter = new Splitter(splitOptions(layout, 0))
  for (;;) {
    const piece = splitter.next()
    if (piece !== undefined) return headOf(path, piece, csv)
    const chunk = await content.next(splitter.wants)
    if (chunk === undefined) break
    splitter.push(chunk)
  }
  const piece = splitter.last()
  return piece === undefined ? undefined : headOf(path, piece, csv)
}

function headOf(path: string, piece: Piece, csv: Csv): Head {
  return { columns: columnsOf(path, piece, csv), end: piece.end }
}

/** The names in a header row. */
export function columnsOf(path: string, piece: Piece, csv: Csv): readonly string[] {
  const columns = piece.cut ? undefined : parseRecord(piece.bytes.toString(), csv)
  if (columns === undefined) throw corruptFile(path, { byte: piece.start, what: 'the header row cannot be read' })
  if (new Set(columns).size < columns.length)
    throw corruptFile(path, { byte: piece.start, what: 'the header row names a column twice' })
  return columns
}
