import { objectReplaced } from '../object-errors.js'
import { codeOf, STATUS } from './errors.js'
import { got, RemoteFile } from './protocol.js'
import type { Link } from './session.js'
import type { Step } from './sftp-writer.js'

interface Reading {
  readonly path: string
  /** For people. */
  readonly label: string
  readonly step: Step
  readonly signal: AbortSignal
  missing(error: unknown): Error
}

const PIECE = 32_768
const TOGETHER = 16
const CLOSE_MS = 10_000

interface Facts {
  readonly size: number
  readonly mtime: number
}

/** The bytes of a file, several pieces at a time; on another connection it goes on where it was, in the same file. */
export async function* readRemote(reading: Reading): AsyncGenerator<Uint8Array> {
  const { path, label, step, signal, missing } = reading
  const file = new RemoteFile(path, 'r')
  const look = async (link: Link): Promise<Facts> => {
    const handle = await file.on(link).catch((error: unknown) => {
      throw codeOf(error) === STATUS.missing ? missing(error) : error
    })
    return got<Facts>((callback) => link.protocol.fstat(handle, callback))
  }
  const facts = await step(signal, look)
  let used: Link | undefined
  try {
    for (let at = 0; at < facts.size; ) {
      const length = Math.min(PIECE * TOGETHER, facts.size - at)
      const bytes = await step(signal, async (link) => {
        const now = used === undefined || used === link ? facts : await look(link)
        if (now.size !== facts.size || now.mtime !== facts.mtime) throw objectReplaced(label, undefined)
        used = link
        return pieces(link, await file.on(link), { at, length })
      })
      // It became shorter while it was read.
      if (bytes.length < length) throw objectReplaced(label, undefined)
      at += bytes.length
      yield bytes
    }
  } finally {
    await step(AbortSignal.timeout(CLOSE_MS), (link) => file.close(link)).catch(() => undefined)
  }
}

async function pieces(link: Link, handle: Buffer, { at, length }: { at: number; length: number }): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  const asked: Promise<number>[] = []
  for (let from = 0; from < length; from += PIECE)
    asked.push(piece(link, handle, { bytes, from, to: Math.min(length, from + PIECE), at }))
  const ends = await Promise.all(asked)
  const short = ends.findIndex((end, index) => end < Math.min(length, (index + 1) * PIECE))
  return short === -1 ? bytes : bytes.subarray(0, ends[short])
}

interface Piece {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  /** Where `bytes` begins in the file. */
  readonly at: number
}

/** A server may answer with less than was asked for. Answers how far it came. */
async function piece({ protocol }: Link, handle: Buffer, { bytes, from, to, at }: Piece): Promise<number> {
  for (let end = from; ; ) {
    if (end >= to) return end
    const position = at + end
    const read = await got<number>((callback) =>
      protocol.read(handle, bytes, end, to - end, position, (error, count) => callback(error, count)),
    ).catch((error: unknown) => {
      if (codeOf(error) === END) return 0
      throw error
    })
    if (read === 0) return end
    end += read
  }
}

/** The protocol's word for the end of a file. */
const END = 1
