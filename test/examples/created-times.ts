import { credentials } from '@grpc/grpc-js'
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'
import service from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js'
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'

const TICKS_PER_MS = 10_000

/** When the event store took each event, by stream, in ms; read without the client, which gives seconds only. */
export async function createdTimes(url: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const client = new service.StreamsClient(new URL(url).host, credentials.createInsecure())
  const times = new Map<string, number[]>()
  try {
    const responses: AsyncIterable<InstanceType<typeof streams.ReadResp>> = client.read(everything())
    for await (const response of responses) {
      const event = response.getEvent()?.getEvent()
      if (event === undefined) continue
      const stream = Buffer.from(event.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()
      const ms = Math.floor(Number(event.getMetadataMap().get('created')) / TICKS_PER_MS)
      times.set(stream, [...(times.get(stream) ?? []), ms])
    }
  } finally {
    client.close()
  }
  return times
}

function everything() {
  const all = new streams.ReadReq.Options.AllOptions()
  all.setStart(new shared.Empty())
  const uuids = new streams.ReadReq.Options.UUIDOption()
  uuids.setString(new shared.Empty())
  const options = new streams.ReadReq.Options()
  options.setAll(all)
  options.setReadDirection(streams.ReadReq.Options.ReadDirection.FORWARDS)
  options.setCount('1000000')
  options.setResolveLinks(false)
  options.setNoFilter(new shared.Empty())
  options.setUuidOption(uuids)
  const request = new streams.ReadReq()
  request.setOptions(options)
  return request
}
