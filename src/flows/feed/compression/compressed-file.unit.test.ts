import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ObjectWriter } from '../../../core/object-store.js'
import { CompressedFile } from './compressed-file.js'
import type { Compression } from './compressor.js'
import { compressorOf } from './compressor-of.js'
import { unpackerOf } from './unpacker.js'
import { hasZstd } from './zstd.js'

class Kept implements ObjectWriter {
  readonly chunks: Uint8Array[] = []
  committed = false

  async write(bytes: Uint8Array): Promise<void> {
    this.chunks.push(bytes)
  }

  async commit(): Promise<void> {
    this.committed = true
  }

  async abort(): Promise<void> {
    this.chunks.length = 0
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

const NOISE = randomBytes(100_000)
/** Noise does not compress, text does. */
const chunk = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
  fc.string({ minLength: 1, maxLength: 2_000 }).map((text) => Buffer.from(text.repeat(20))),
  fc.constant(Buffer.alloc(100_000, 'abc')),
  // Enough to choose a window by; neither of them fits a block of deflate.
  fc.constant(Buffer.concat([Buffer.alloc(200_000, 'abc'), NOISE])),
  fc.constant(NOISE),
)

const KINDS: readonly Compression[] = [
  { kind: 'none' },
  ...[1, 6, 9].map((level) => ({ kind: 'gzip', level }) as const),
  ...(hasZstd() ? [3] : []).map((level) => ({ kind: 'zstd', level }) as const),
]
/** Those whose size is not known beforehand. */
const PACKING = KINDS.filter(({ kind }) => kind !== 'none')
const GZIP: Compression = { kind: 'gzip', level: 6 }

async function unpacked(bytes: Buffer, { kind }: Compression): Promise<Buffer> {
  const unpacker = unpackerOf(kind)
  if (unpacker === undefined) return bytes
  const chunks: Buffer[] = []
  for await (const each of Readable.from([bytes]).pipe(unpacker)) chunks.push(each)
  return Buffer.concat(chunks)
}

describe('CompressedFile', () => {
  it.each(KINDS)('unpacks to what went in, by $kind $level, and tells its size and sum', async (compression) => {
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), async (chunks) => {
        const kept = new Kept()
        const file = new CompressedFile(kept, compressorOf(compression))
        for (const each of chunks) await file.add(each)
        const { bytes, sha256 } = await file.commit()
        expect(kept.committed).toBe(true)
        expect(bytes).toBe(kept.bytes.length)
        expect(sha256).toBe(createHash('sha256').update(kept.bytes).digest('hex'))
        expect((await unpacked(kept.bytes, compression)).equals(Buffer.concat(chunks))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it.each(PACKING)('is never larger than it was said to be, by $kind $level', async (compression) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(chunk, { minLength: 1, maxLength: 3 }), { maxLength: 15 }),
        fc.integer({ min: 100, max: 250_000 }),
        async (rows, limit) => {
          const kept = new Kept()
          const file = new CompressedFile(kept, compressorOf(compression))
          const taken: Uint8Array[] = []
          for (const chunks of rows) {
            const surely = file.surelyFits(chunks, limit)
            if (surely) for (const each of chunks) await file.add(each)
            else if (!(await file.addIfItFits(chunks, limit))) continue
            taken.push(...chunks)
          }
          const { bytes } = await file.commit()
          expect(bytes).toBeLessThanOrEqual(Math.max(limit, 20))
          expect((await unpacked(kept.bytes, compression)).equals(Buffer.concat(taken))).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('makes equal bytes of equal chunks, however the thread pool takes turns', async () => {
    const chunks = Array.from({ length: 8 }, (_, index) => Buffer.from(randomBytes(500 * index).toString('hex')))
    const make = async (): Promise<Buffer> => {
      const kept = new Kept()
      const file = new CompressedFile(kept, compressorOf(GZIP))
      for (const each of chunks) await file.add(each)
      await file.commit()
      return kept.bytes
    }
    const [first, second] = await Promise.all([make(), make()])
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true)
  })

  it('fails with what the store said, also when that comes late', async () => {
    class Full extends Kept {
      override async write(): Promise<void> {
        throw new Error('no room')
      }
    }
    const file = new CompressedFile(new Full(), compressorOf(GZIP))
    const writing = (async () => {
      for (let turn = 0; turn < 20; turn++) await file.add(Buffer.alloc(1_000, 'x'))
      await file.commit()
    })()
    await expect(writing).rejects.toThrow('no room')
    await file.abort()
  })
})
