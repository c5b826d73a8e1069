import type { Message } from '../../core/message.js'
import type { Rowset } from '../../core/upsert.js'
import type { Fault } from '../../engine/line.js'

/** A message and the rows it became. With a fault it has none and will be a dead letter. */
export interface IngestItem extends Rowset {
  readonly message: Message
  readonly fault?: Fault
}
