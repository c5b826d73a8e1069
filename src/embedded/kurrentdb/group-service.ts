import type { ServerDuplexStream } from '@grpc/grpc-js'
import type {
  CreateReq,
  DeleteReq,
  GetInfoReq,
  GetInfoResp,
  ReadReq,
  ReplayParkedReq,
  UpdateReq,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_pb.js'
import groups from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_pb.js'
import { nameOf, uuidOf } from './append-service.js'
import type { EventLog } from './event-log.js'
import { groupExists, groupMissing, invalid } from './failure.js'
import { filterOf } from './filter.js'
import { Group, type GroupSettings, type NackAction } from './group.js'

const ALL = '$all'
const STRATEGIES = ['DispatchToSingle', 'RoundRobin', 'Pinned'] as const
const ACTIONS: readonly NackAction[] = ['retry', 'park', 'retry', 'skip', 'stop']

/** The service `PersistentSubscriptions`, over groups that are kept in memory. */
export class Groups {
  readonly #log: EventLog
  readonly #duplicateEvery: number
  readonly #groups = new Map<string, Group>()

  constructor(log: EventLog, duplicateEvery: number) {
    this.#log = log
    this.#duplicateEvery = duplicateEvery
  }

  get(stream: string, name: string): Group {
    const group = this.#groups.get(keyOf(stream, name))
    if (group === undefined) throw groupMissing(stream, name)
    return group
  }

  create(request: CreateReq): void {
    const options = request.getOptions()
    const settings = options?.getSettings()
    if (options === undefined || settings === undefined) throw invalid('no options')
    const all = options.getAll()
    const stream =
      all === undefined
        ? nameOf(options.getStream()?.getStreamIdentifier() ?? options.getStreamIdentifier())
        : undefined
    const key = keyOf(stream ?? ALL, options.getGroupName())
    if (this.#groups.has(key)) throw groupExists(stream ?? ALL, options.getGroupName())
    this.#groups.set(
      key,
      new Group(this.#log, {
        ...settingsOf(settings),
        stream,
        filter: filterOf(all?.getFilter()),
        after: this.#startOf(options, stream),
        duplicateEvery: this.#duplicateEvery,
      }),
    )
  }

  update(request: UpdateReq): void {
    const options = request.getOptions()
    const settings = options?.getSettings()
    const group = this.get(streamOf(options), options?.getGroupName() ?? '')
    if (settings !== undefined) group.settings = { ...group.settings, ...settingsOf(settings) }
  }

  remove(request: DeleteReq): void {
    const options = request.getOptions()
    const stream = streamOf(options)
    const name = options?.getGroupName() ?? ''
    this.get(stream, name).end()
    this.#groups.delete(keyOf(stream, name))
  }

  replayParked(request: ReplayParkedReq): void {
    const options = request.getOptions()
    this.get(streamOf(options), options?.getGroupName() ?? '').replayParked()
  }

  info(request: GetInfoReq): GetInfoResp {
    const options = request.getOptions()
    const stream = streamOf(options)
    const name = options?.getGroupName() ?? ''
    const { settings, parked, inFlight, waitingRetries, consumers } = this.get(stream, name)
    const info = new groups.SubscriptionInfo()
    info.setEventSource(stream)
    info.setGroupName(name)
    info.setStatus(consumers > 0 ? 'Live' : 'NotReady')
    info.setResolveLinkTos(settings.resolveLinks)
    info.setStartFrom(stream === ALL ? 'C:0/P:0' : '0')
    info.setMessageTimeoutMilliseconds(settings.messageTimeoutMs)
    info.setMaxRetryCount(settings.maxRetries)
    info.setNamedConsumerStrategy(settings.strategy)
    info.setParkedMessageCount(String(parked.length))
    info.setTotalInFlightMessages(inFlight)
    info.setOutstandingMessagesCount(inFlight)
    info.setRetryBufferCount(waitingRetries)
    const response = new groups.GetInfoResp()
    response.setSubscriptionInfo(info)
    return response
  }

  /** `Read`: the first request joins, the others answer. Events are `ReadResp` bytes. */
  read(call: ServerDuplexStream<ReadReq, Buffer>): void {
    let group: Group | undefined
    const consumer = { bufferSize: 0, held: 0, send: (bytes: Buffer) => void call.write(bytes) }
    const leave = () => group?.leave(consumer)
    call.on('data', (request: ReadReq) => {
      const options = request.getOptions()
      if (options !== undefined && group === undefined) {
        try {
          group = this.get(streamOf(options), options.getGroupName())
        } catch (error) {
          call.emit('error', error)
          return
        }
        consumer.bufferSize = options.getBufferSize()
        call.write(confirmation())
        group.join(consumer)
      }
      answer(group, request)
    })
    call.once('cancelled', leave).once('close', leave)
    call.on('end', () => {
      leave()
      call.end()
    })
  }

  end(): void {
    for (const group of this.#groups.values()) group.end()
  }

  /** The place after which the group begins. */
  #startOf(options: CreateReq.Options, stream: string | undefined): bigint {
    const start = stream === undefined ? options.getAll() : options.getStream()
    if (start?.hasEnd()) {
      const last = stream === undefined ? this.#log.all.at(-1) : this.#log.stream(stream)?.at(-1)
      if (last === undefined) return -1n
      return stream === undefined ? last.position : BigInt(last.revision)
    }
    if (start instanceof groups.CreateReq.AllOptions && start.hasPosition()) {
      return BigInt(start.getPosition()?.getCommitPosition() ?? 0) - 1n
    }
    if (start instanceof groups.CreateReq.StreamOptions && start.hasRevision()) return BigInt(start.getRevision()) - 1n
    return -1n
  }
}

function answer(group: Group | undefined, request: ReadReq): void {
  const ack = request.getAck()
  const nack = request.getNack()
  if (ack !== undefined) group?.acknowledge(ack.getIdsList().map(uuidOf))
  if (nack !== undefined) group?.refuse(nack.getIdsList().map(uuidOf), ACTIONS[nack.getAction()] ?? 'retry')
}

function confirmation(): Buffer {
  const confirmed = new groups.ReadResp.SubscriptionConfirmation()
  confirmed.setSubscriptionId(crypto.randomUUID())
  const response = new groups.ReadResp()
  response.setSubscriptionConfirmation(confirmed)
  return Buffer.from(response.serializeBinary())
}

function settingsOf(
  settings: CreateReq.Settings | UpdateReq.Settings,
): Pick<GroupSettings, 'resolveLinks' | 'messageTimeoutMs' | 'maxRetries' | 'strategy'> {
  return {
    resolveLinks: settings.getResolveLinks(),
    messageTimeoutMs: settings.getMessageTimeoutMs(),
    maxRetries: settings.getMaxRetryCount(),
    strategy: STRATEGIES[settings.getNamedConsumerStrategy()] ?? 'RoundRobin',
  }
}

type WithStream = Parameters<typeof nameOf>[0]

interface Named {
  getAll(): unknown
  getStreamIdentifier?(): WithStream
  getStream?(): { getStreamIdentifier(): WithStream } | undefined
}

function streamOf(options: Named | undefined): string {
  if (options?.getAll() !== undefined) return ALL
  return nameOf(options?.getStreamIdentifier?.() ?? options?.getStream?.()?.getStreamIdentifier())
}

function keyOf(stream: string, group: string): string {
  return `${stream}::${group}`
}
