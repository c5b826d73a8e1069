import { missingPeer } from '../../core/missing-peer.js'

/**
 * The client, and the gRPC services that it is made of. The client's own subscriptions parse the JSON of events, which
 * loses the digits of great numbers and the bytes of what is broken; so it connects, finds the leader and logs in, and
 * the calls are made with its services (docs/decisions/0031-kurrentdb-raw-bytes.md).
 */
export type Library = Awaited<ReturnType<typeof load>>

export function loadLibrary(): Promise<Library> {
  return load().catch(
    missingPeer({
      name: '@kurrent/kurrentdb-client',
      install: '@kurrent/kurrentdb-client@1.3',
      key: 'kurrentdb()',
    }),
  )
}

async function load() {
  const { KurrentDBClient } = await import('@kurrent/kurrentdb-client')
  const [shared, streams, streamsService, groups, groupsService] = await Promise.all([
    import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'),
    import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'),
    import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js'),
    import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_pb.js'),
    import('@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_grpc_pb.js'),
  ])
  // Of these CommonJS modules Node finds no named exports.
  return {
    KurrentDBClient,
    shared: shared.default,
    streams: streams.default,
    streamsService: streamsService.default,
    groups: groups.default,
    groupsService: groupsService.default,
  }
}
