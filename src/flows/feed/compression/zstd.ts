import { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { ConfigError } from '../../../core/errors.js'
import type { Compressor } from './compressor.js'

/** Numbers of the library; Node has names for them from the same versions on. */
const [LEVEL, CHECKSUM, FLUSH] = [100, 201, 1]
const NOTHING = Buffer.alloc(0)

/**
 * One frame, with a checksum. Several would be a file like any other, and could be made side by side, but Node's own reader
 * stops behind the first one and says nothing.
 */
export class ZstdCompressor implements Compressor {
  readonly head = NOTHING
  /** The last block, and the checksum. */
  readonly endBytes = 16
  readonly tentative = false
  readonly #stream: Transform
  #made: Uint8Array[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(level: number) {
    this.#stream = streamOf('createZstdCompress', { params: { [LEVEL]: level, [CHECKSUM]: 1 } })
    this.#stream.on('data', (bytes: Uint8Array) => this.#made.push(bytes))
  }

  compress(chunk: Uint8Array): Promise<Uint8Array> {
    const turn = this.#last.then(async () => {
      await this.#settled((done) => {
        this.#stream.write(chunk)
        const flush: unknown = Reflect.get(this.#stream, 'flush')
        if (typeof flush === 'function') Reflect.apply(flush, this.#stream, [FLUSH, done])
      })
      return this.#take()
    })
    this.#last = turn
    return turn
  }

  took(): void {
    // It was, once it was compressed.
  }

  async end(): Promise<Uint8Array> {
    await this.#last
    await this.#settled((done) => this.#stream.once('end', done).end())
    return this.#take()
  }

  abort(): void {
    this.#stream.destroy()
  }

  boundOf({ length }: Uint8Array): number {
    return length + (length >> 8) + 128
  }

  #take(): Uint8Array {
    const made = this.#made
    this.#made = []
    return Buffer.concat(made)
  }

  #settled(work: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.once('error', reject)
      work(() => {
        this.#stream.off('error', reject)
        resolve()
      })
    })
  }
}

/** For `compression` of Parquet. */
export function zstdCompressSync(bytes: Uint8Array): Uint8Array {
  const compressed: unknown = Reflect.apply(functionOf('zstdCompressSync'), undefined, [bytes])
  if (compressed instanceof Uint8Array) return compressed
  throw new TypeError('zstdCompressSync made no bytes')
}

/** A stream that unpacks. */
export function zstdUnpacker(): Transform {
  return streamOf('createZstdDecompress', {})
}

function streamOf(name: 'createZstdCompress' | 'createZstdDecompress', options: object): Transform {
  const stream: unknown = Reflect.apply(functionOf(name), undefined, [options])
  if (stream instanceof Transform) return stream
  throw new TypeError(`${name} made no stream`)
}

/** Node has it from 22.15 and 23.8 on. */
export function hasZstd(): boolean {
  return Reflect.has(zlib, 'zstdCompress')
}

/** @param fix what else can be done. */
export function refuseWithoutZstd(key: string, fix: string): void {
  if (hasZstd()) return
  throw new ConfigError({
    code: 'zstd-missing',
    key,
    message: 'this Node has no zstd',
    fix: `run it with Node 22.15 or newer, ${fix}`,
  })
}

/** The types of Node are those of the oldest version that is supported. */
function functionOf(
  name: 'zstdCompressSync' | 'createZstdCompress' | 'createZstdDecompress',
): (...args: never) => unknown {
  const found: unknown = Reflect.get(zlib, name)
  if (typeof found !== 'function') throw new TypeError(`this Node has no ${name}`)
  return (...args) => Reflect.apply(found, undefined, args)
}
