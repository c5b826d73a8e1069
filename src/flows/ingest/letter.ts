import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { DeadLetter } from '../../core/dead-letter.js'
import type { Message } from '../../core/message.js'
import type { DescribedItem } from '../../engine/line.js'
import type { IngestItem } from './item.js'

/** `Message` without body and headers, as it stands in a letter's `origin`. */
const Origin = z.object({
  id: z.string(),
  key: z.string().optional(),
  type: z.string().optional(),
  stream: z.string(),
  /** Decimal; JSON numbers end at 2^53. */
  revision: z
    .string()
    .regex(/^-?\d+$/)
    .optional(),
  publishedAt: z.number().optional(),
  /** Base64. */
  metadata: z.string().optional(),
  fault: z.object({ code: z.string(), reason: z.string() }).optional(),
})

/** How the message of an item is kept as a dead letter. */
export function describeItem({ message }: Pick<IngestItem, 'message'>): DescribedItem {
  const { id, body, headers, key, type, stream, revision, publishedAt, metadata, fault } = message
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const encoding = isText(bytes) ? 'text' : 'base64'
  const origin: z.input<typeof Origin> = {
    id,
    key,
    type,
    stream,
    revision: revision?.toString(),
    publishedAt,
    metadata: metadata === undefined ? undefined : Buffer.from(metadata).toString('base64'),
    fault,
  }
  return {
    itemKey: id,
    payload: bytes.toString(encoding === 'text' ? 'utf8' : 'base64'),
    encoding,
    headers,
    origin: JSON.stringify(origin),
  }
}

/** The message that a letter was made of. One without a readable origin is only a body under the letter's key. */
export function messageOf(letter: DeadLetter): Message {
  const { itemKey, payload, encoding, headers, origin } = letter
  const { id, key, type, stream, revision, publishedAt, metadata, fault } = originOf(origin) ?? {
    id: itemKey,
    stream: letter.lane,
  }
  return {
    id,
    body: Buffer.from(payload, encoding === 'text' ? 'utf8' : 'base64'),
    key,
    type,
    headers: Object.assign(Object.create(null), headers),
    metadata: metadata === undefined ? undefined : Buffer.from(metadata, 'base64'),
    stream,
    revision: revision === undefined ? undefined : BigInt(revision),
    publishedAt,
    // The beginning of a line that was cut must not be taken for the line when it is replayed.
    ...(fault === undefined ? {} : { fault }),
  }
}

type Known = z.output<typeof Origin>

function originOf(origin: string | undefined): (Partial<Known> & Pick<Known, 'id' | 'stream'>) | undefined {
  if (origin === undefined) return undefined
  try {
    return Origin.safeParse(JSON.parse(origin)).data
  } catch {
    return undefined
  }
}

/** No database holds a NUL in text. */
function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}
