import type { ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js'
import type { UUID } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'
import rpcStatus from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js'
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  DeleteReq,
  TombstoneReq,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import any from 'google-protobuf/google/protobuf/any_pb.js'
import empties from 'google-protobuf/google/protobuf/empty_pb.js'
import type { Appended, EventLog, Expected } from './event-log.js'
import { invalid, streamDeleted } from './failure.js'
import type { Proposed } from './log-record.js'

/** `Streams.Append`: the options, then the events one by one. */
export async function append(log: EventLog, call: ServerReadableStream<AppendReq, AppendResp>): Promise<AppendResp> {
  let options: AppendReq.Options | undefined
  const events: Proposed[] = []
  for await (const request of call) {
    options ??= request.getOptions()
    const event = request.getProposedMessage()
    if (event !== undefined) events.push(proposed(event))
  }
  if (options === undefined) throw invalid('no options were sent')
  const stream = nameOf(options.getStreamIdentifier())
  const expected = options.hasRevision()
    ? BigInt(options.getRevision())
    : options.hasNoStream()
      ? 'no-stream'
      : options.hasStreamExists()
        ? 'stream-exists'
        : 'any'
  const result = log.append(stream, expected, events)
  if (result.kind === 'deleted') throw streamDeleted(stream)
  const response = new streams.AppendResp()
  if (result.kind === 'appended') response.setSuccess(success(result))
  else response.setWrongExpectedVersion(wrongVersion(expected, result.current))
  return response
}

function success({ revision, position }: Appended & { readonly kind: 'appended' }): AppendResp.Success {
  const at = new streams.AppendResp.Position()
  at.setCommitPosition(String(position))
  at.setPreparePosition(String(position))
  const success = new streams.AppendResp.Success()
  success.setCurrentRevision(String(revision))
  success.setPosition(at)
  return success
}

function wrongVersion(expected: Expected, current: number | undefined): AppendResp.WrongExpectedVersion {
  const wrong = new streams.AppendResp.WrongExpectedVersion()
  if (current === undefined) wrong.setCurrentNoStream(new shared.Empty())
  else wrong.setCurrentRevision(String(current))
  if (typeof expected === 'bigint') wrong.setExpectedRevision(String(expected))
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new shared.Empty())
  else wrong.setExpectedStreamExists(new shared.Empty())
  return wrong
}

interface OpenBatch {
  readonly options: BatchAppendReq.Options
  readonly events: Proposed[]
}

/** `Streams.BatchAppend`: appends side by side in one call, each in parts that share a correlation id. */
export function batchAppend(log: EventLog, call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  const open = new Map<string, OpenBatch>()
  call.on('data', (request: BatchAppendReq) => {
    const id = uuidOf(request.getCorrelationId())
    const options = request.getOptions()
    const batch = open.get(id) ?? (options === undefined ? undefined : { options, events: [] })
    if (batch === undefined) return
    for (const event of request.getProposedMessagesList()) batch.events.push(proposed(event))
    open.set(id, batch)
    if (!request.getIsFinal()) return
    open.delete(id)
    const response = appendBatch(log, batch)
    response.setCorrelationId(request.getCorrelationId())
    call.write(response)
  })
  call.on('end', () => call.end())
}

function appendBatch(log: EventLog, { options, events }: OpenBatch): BatchAppendResp {
  const expected = options.hasStreamPosition()
    ? BigInt(options.getStreamPosition())
    : options.hasNoStream()
      ? 'no-stream'
      : options.hasStreamExists()
        ? 'stream-exists'
        : 'any'
  const result = log.append(nameOf(options.getStreamIdentifier()), expected, events)
  const response = new streams.BatchAppendResp()
  response.setStreamIdentifier(options.getStreamIdentifier())
  if (result.kind === 'appended') {
    const at = new shared.AllStreamPosition()
    at.setCommitPosition(String(result.position))
    at.setPreparePosition(String(result.position))
    const done = new streams.BatchAppendResp.Success()
    done.setCurrentRevision(String(result.revision))
    done.setPosition(at)
    response.setSuccess(done)
    return response
  }
  const details = new any.Any()
  if (result.kind === 'deleted') {
    details.pack(new shared.StreamDeleted().serializeBinary(), 'event_store.client.StreamDeleted')
  } else {
    details.pack(batchVersion(expected, result.current).serializeBinary(), 'event_store.client.WrongExpectedVersion')
  }
  const error = new rpcStatus.Status()
  error.setMessage(result.kind)
  error.setDetails(details)
  response.setError(error)
  return response
}

function batchVersion(expected: Expected, current: number | undefined) {
  const wrong = new shared.WrongExpectedVersion()
  if (current === undefined) wrong.setCurrentNoStream(new empties.Empty())
  else wrong.setCurrentStreamRevision(String(current))
  if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(String(expected))
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new empties.Empty())
  else wrong.setExpectedStreamExists(new empties.Empty())
  return wrong
}

/** `Streams.Delete` and `Streams.Tombstone`. */
export function remove(log: EventLog, request: DeleteReq | TombstoneReq, tombstone: boolean): void {
  const stream = nameOf(request.getOptions()?.getStreamIdentifier())
  if (log.isTombstoned(stream)) throw streamDeleted(stream)
  log.remove(stream, tombstone)
}

interface ProposedMessage {
  getId(): UUID | undefined
  getMetadataMap(): { get(key: string): string | undefined }
  getCustomMetadata_asU8(): Uint8Array
  getData_asU8(): Uint8Array
}

function proposed(message: ProposedMessage): Proposed {
  const map = message.getMetadataMap()
  return {
    id: uuidOf(message.getId()),
    type: map.get('type') ?? '',
    contentType: map.get('content-type') ?? 'application/octet-stream',
    metadata: message.getCustomMetadata_asU8(),
    data: message.getData_asU8(),
  }
}

export function uuidOf(uuid: UUID | undefined): string {
  return uuid?.getString() ?? ''
}

export function nameOf(identifier: { getStreamName_asU8(): Uint8Array } | undefined): string {
  return identifier === undefined ? '' : Buffer.from(identifier.getStreamName_asU8()).toString()
}
