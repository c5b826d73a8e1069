import { type FileHandle, open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { corruptFile, errnoOf, notAFile, replacedFile, translate } from './errors.js'

/** The decompressed bytes of a file, from some byte on. */
export interface Content extends AsyncDisposable {
  /**
   * The next bytes, some `bytes` of them, in memory of their own; `undefined` at the end. A plain file may grow: asking
   * again then gives what came.
   */
  next(bytes: number): Promise<Buffer | undefined>
}

const CHUNK_BYTES = 64 * 1024
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/** Opens a file at a byte of its decompressed content. What is named `.gz` must be gzip; other gzip is recognized. */
export async function openContent(path: string, from: number): Promise<Content> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    if (!(await file.stat()).isFile()) throw notAFile(path)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    if (/\.gz$/i.test(path) || (bytesRead === 2 && buffer.equals(GZIP_MAGIC))) return await skip(path, file, from)
    return new PlainContent(path, file, from)
  } catch (error) {
    await file?.close()
    throw await translate(error, path)
  }
}

class PlainContent implements Content {
  readonly #path: string
  readonly #file: FileHandle
  #byte: number

  constructor(path: string, file: FileHandle, from: number) {
    this.#path = path
    this.#file = file
    this.#byte = from
  }

  async next(bytes: number): Promise<Buffer | undefined> {
    try {
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafeSlow(bytes), 0, bytes, this.#byte)
      this.#byte += bytesRead
      if (bytesRead > 0) return buffer.subarray(0, bytesRead)
      // Cut while it was being read: its end is not where the content ended.
      if ((await this.#file.stat()).size < this.#byte) throw replacedFile(this.#path, this.#byte)
      return undefined
    } catch (error) {
      throw await translate(error, this.#path)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}

/** Gzip cannot be entered in the middle: what comes before `from` is decompressed and dropped. */
async function skip(path: string, file: FileHandle, from: number): Promise<Content> {
  const content = new GzipContent(path, file)
  let rest = from
  while (rest > 0) {
    const chunk = await content.next()
    if (chunk === undefined) break
    if (chunk.length > rest) content.giveBack(chunk.subarray(rest))
    rest -= chunk.length
  }
  if (rest > 0) throw replacedFile(path, from)
  return content
}

class GzipContent implements Content {
  readonly #path: string
  readonly #file: FileHandle
  readonly #gunzip: Gunzip
  readonly #chunks: AsyncIterator<unknown>
  #givenBack: Buffer | undefined
  #ended = false

  constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
    this.#gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
    // Failures come out of the iterator.
    pipeline(Readable.from(compressedBytes(file)), this.#gunzip, () => undefined)
    this.#chunks = this.#gunzip[Symbol.asyncIterator]()
  }

  giveBack(chunk: Buffer): void {
    this.#givenBack = chunk
  }

  async next(): Promise<Buffer | undefined> {
    if (this.#givenBack !== undefined) {
      const chunk = this.#givenBack
      this.#givenBack = undefined
      return chunk
    }
    if (this.#ended) return undefined
    try {
      const { value, done } = await this.#chunks.next()
      if (!done && value instanceof Buffer) return value
      await this.#checkRest()
      this.#ended = true
      return undefined
    } catch (error) {
      const code = errnoOf(error)
      if (code === undefined || !code.startsWith('Z_')) throw await translate(error, this.#path)
      const what = code === 'Z_BUF_ERROR' ? 'gzip data that was cut off' : 'broken gzip data'
      throw corruptFile(this.#path, { byte: this.#gunzip.bytesWritten, what, cause: error })
    }
  }

  /** Zlib takes a zero byte after a member for the end, whatever follows; only zeros may. */
  async #checkRest(): Promise<void> {
    const end = this.#gunzip.bytesWritten
    for await (const chunk of compressedBytes(this.#file, end)) {
      if (chunk.some((value) => value !== 0)) {
        throw corruptFile(this.#path, { byte: end, what: 'something that is no gzip data' })
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gunzip.destroy()
    await this.#file.close()
  }
}

async function* compressedBytes(file: FileHandle, start = 0): AsyncGenerator<Buffer> {
  for (let byte = start; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES, byte)
    if (bytesRead === 0) return
    byte += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
