import type { Message } from '../../core/message.js'
import type { Body } from './records.js'
import type { Piece } from './splitter.js'

const NO_HEADERS: Message['headers'] = Object.freeze(Object.create(null))

export function pieceMessage(stream: string, piece: Piece, body: Body): Message {
  return {
    id: `${stream}@${piece.start}`,
    ...body(piece),
    key: undefined,
    type: undefined,
    headers: NO_HEADERS,
    metadata: undefined,
    stream,
    revision: BigInt(piece.start),
    publishedAt: undefined,
  }
}
