import { Metadata, type ServiceError, type status } from '@grpc/grpc-js'

/** A refusal as the service puts it. */
export class RpcError extends Error implements ServiceError {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata

  /** `acks`: per acknowledgement id what went wrong, as exactly-once delivery tells it. */
  constructor(code: number, details: string, acks: ReadonlyMap<string, string> = new Map()) {
    super(details)
    this.code = code
    this.details = details
    this.metadata = new Metadata()
    if (acks.size > 0) this.metadata.set('grpc-status-details-bin', statusDetails(code, details, acks))
  }
}

/** A google.rpc.Status that holds one google.rpc.ErrorInfo. */
function statusDetails(code: number, message: string, acks: ReadonlyMap<string, string>): Buffer {
  const entries = [...acks].map(([ackId, reason]) => field(3, Buffer.concat([text(1, ackId), text(2, reason)])))
  const info = Buffer.concat([text(1, 'ACK_FAILURE'), text(2, 'pubsub.googleapis.com'), ...entries])
  const any = Buffer.concat([text(1, 'type.googleapis.com/google.rpc.ErrorInfo'), field(2, info)])
  return Buffer.concat([Buffer.from([0x08, code]), text(2, message), field(3, any)])
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value))
}

/** A length-delimited field of the protocol buffers wire format. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}
