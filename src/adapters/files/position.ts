import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Position } from '../../core/batch.js'
import type { Piece } from './splitter.js'

const byte = z.number().int().min(0)

const FilePosition = z.object({
  /** Where to read on, in the decompressed content. */
  byte,
  /** The last line that was read, so that a file which was replaced is noticed. */
  line: z.object({ from: byte, to: byte, sha256: z.string() }),
  /** Where the content ended, when it ended without a newline: `byte` is then the beginning of that line. */
  end: byte.optional(),
})

export type FilePosition = z.infer<typeof FilePosition>

/** `open`: the piece has no newline yet, so that it may be the beginning of a longer one. */
export function positionAfter(piece: Piece, open: boolean): FilePosition {
  const { start, end, at, bytes } = piece
  const line = { from: at, to: at + bytes.length, sha256: digest(bytes) }
  return open ? { byte: start, line, end } : { byte: end, line }
}

export function encodePosition(position: FilePosition): Position {
  return JSON.stringify(position)
}

/** Throws when the text was made by nobody here: a bug, or a hand in the state tables. */
export function decodePosition(position: Position): FilePosition {
  return FilePosition.parse(JSON.parse(position))
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
}
