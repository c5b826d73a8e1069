import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  Server,
  ServerDuplexStream,
  ServerReadableStream,
  ServerWritableStream,
} from '@grpc/grpc-js'
import gossipService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb.js'
import groupsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_grpc_pb.js'
import groups from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_pb.js'
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js'
import streamsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js'
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import { append, batchAppend, remove } from './append-service.js'
import type { EventLog } from './event-log.js'
import { accessDenied } from './failure.js'
import type { Groups } from './group-service.js'
import { clusterInfo, supportedMethods } from './node-service.js'
import { read } from './read-service.js'

export interface Services {
  readonly log: EventLog
  readonly groups: Groups
  readonly port: number
  readonly login: { readonly user: string; readonly password: string } | undefined
  /** Called at each call. */
  called(): void
}

// Responses with events are bytes already.
const AS_BYTES = { responseSerialize: (bytes: Buffer) => bytes }

/** Registers what clients ask for, with the definitions that the client ships. */
export function addServices(server: Server, services: Services): void {
  const { log, port } = services
  const calls = new Calls(services)
  const { StreamsService } = streamsService
  const { PersistentSubscriptionsService } = groupsService
  server.addService(
    { ...StreamsService, read: { ...StreamsService.read, ...AS_BYTES } },
    {
      read: calls.serverStream((call: ReadCall) => read(log, call)),
      append: calls.clientStream((call: AppendCall) => append(log, call)),
      batchAppend: calls.bidiStream((call: BatchCall) => batchAppend(log, call)),
      delete: calls.unary((request: InstanceType<typeof streams.DeleteReq>) => {
        remove(log, request, false)
        return new streams.DeleteResp()
      }),
      tombstone: calls.unary((request: InstanceType<typeof streams.TombstoneReq>) => {
        remove(log, request, true)
        return new streams.TombstoneResp()
      }),
    },
  )
  server.addService(
    { ...PersistentSubscriptionsService, read: { ...PersistentSubscriptionsService.read, ...AS_BYTES } },
    groupHandlers(calls, services.groups),
  )
  server.addService(featuresService.ServerFeaturesService, {
    getSupportedMethods: calls.unary(() => supportedMethods(), 'anybody'),
  })
  server.addService(gossipService.GossipService, { read: calls.unary(() => clusterInfo(port), 'anybody') })
}

type ReadCall = ServerWritableStream<InstanceType<typeof streams.ReadReq>, Buffer>
type AppendCall = ServerReadableStream<InstanceType<typeof streams.AppendReq>, InstanceType<typeof streams.AppendResp>>
type BatchCall = ServerDuplexStream<
  InstanceType<typeof streams.BatchAppendReq>,
  InstanceType<typeof streams.BatchAppendResp>
>
type GroupCall = ServerDuplexStream<InstanceType<typeof groups.ReadReq>, Buffer>

function groupHandlers(calls: Calls, all: Groups) {
  return {
    read: calls.bidiStream((call: GroupCall) => all.read(call)),
    create: calls.unary((request: InstanceType<typeof groups.CreateReq>) => {
      all.create(request)
      return new groups.CreateResp()
    }),
    update: calls.unary((request: InstanceType<typeof groups.UpdateReq>) => {
      all.update(request)
      return new groups.UpdateResp()
    }),
    delete: calls.unary((request: InstanceType<typeof groups.DeleteReq>) => {
      all.remove(request)
      return new groups.DeleteResp()
    }),
    replayParked: calls.unary((request: InstanceType<typeof groups.ReplayParkedReq>) => {
      all.replayParked(request)
      return new groups.ReplayParkedResp()
    }),
    getInfo: calls.unary((request: InstanceType<typeof groups.GetInfoReq>) => all.info(request)),
  }
}

/** Lets calls in, counts them, and answers with a status when they fail. */
class Calls {
  readonly #services: Services

  constructor(services: Services) {
    this.#services = services
  }

  unary<Request, Response>(
    handle: (request: Request) => Response,
    whom: 'users' | 'anybody' = 'users',
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      try {
        if (whom === 'users') this.#admit(call.metadata)
        else this.#services.called()
        callback(null, handle(call.request))
      } catch (error) {
        callback(asError(error))
      }
    }
  }

  clientStream<Request, Response>(
    handle: (call: ServerReadableStream<Request, Response>) => Promise<Response>,
  ): handleClientStreamingCall<Request, Response> {
    return (call, callback) => {
      const work = async () => {
        this.#admit(call.metadata)
        return handle(call)
      }
      work().then(
        (response) => callback(null, response),
        (error: unknown) => callback(asError(error)),
      )
    }
  }

  serverStream<Request, Response>(
    handle: (call: ServerWritableStream<Request, Response>) => Promise<void>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) => {
      const work = async () => {
        this.#admit(call.metadata)
        await handle(call)
      }
      work().then(
        () => call.end(),
        (error: unknown) => call.emit('error', asError(error)),
      )
    }
  }

  bidiStream<Request, Response>(
    handle: (call: ServerDuplexStream<Request, Response>) => void,
  ): handleBidiStreamingCall<Request, Response> {
    return (call) => {
      try {
        this.#admit(call.metadata)
        handle(call)
      } catch (error) {
        call.emit('error', asError(error))
      }
    }
  }

  #admit(metadata: Metadata): void {
    const { login, called } = this.#services
    called()
    if (login === undefined) return
    const expected = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
    if (metadata.get('authorization')[0] !== expected) throw accessDenied()
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('failed', { cause: error })
}
