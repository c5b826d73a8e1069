import type { Library } from './library.js'
import type { Filter } from './options.js'
import { ALL, type Place } from './place.js'

/** A read of the service `Streams`. */
export interface Read {
  readonly stream: string
  /** In a subscription the place itself is left out; in a read of `count` events it is the first. */
  readonly from: 'start' | 'end' | Place
  readonly count: number | 'subscribe'
  readonly backwards?: boolean
  readonly filter: Filter | undefined
  readonly resolveLinks: boolean
}

export interface GroupRead {
  readonly stream: string
  readonly group: string
  readonly bufferSize: number
}

/**
 * The server looks at so many events for one that passes the filter, then tells where it is (a checkpoint). Great enough
 * for a rare type not to cost a message for each page.
 */
const SEARCH_WINDOW = 1_000

type Messages = Pick<Library, 'shared' | 'streams' | 'groups'>
type ReadOptions = InstanceType<Library['streams']['ReadReq']['Options']>

export function readRequest({ shared, streams }: Messages, read: Read): InstanceType<Library['streams']['ReadReq']> {
  const { Options } = streams.ReadReq
  const options = new Options()
  if (read.stream === ALL) options.setAll(allFrom({ shared, streams }, read.from))
  else options.setStream(streamFrom({ shared, streams }, read))
  if (read.backwards === true) options.setReadDirection(Options.ReadDirection.BACKWARDS)
  if (read.count === 'subscribe') options.setSubscription(new Options.SubscriptionOptions())
  else options.setCount(String(read.count))
  options.setResolveLinks(read.resolveLinks)
  setFilter({ shared, streams }, options, read.filter)
  const uuids = new Options.UUIDOption()
  uuids.setString(new shared.Empty())
  options.setUuidOption(uuids)
  const request = new streams.ReadReq()
  request.setOptions(options)
  return request
}

function allFrom({ shared, streams }: Omit<Messages, 'groups'>, from: Read['from']) {
  const all = new streams.ReadReq.Options.AllOptions()
  if (from === 'start') all.setStart(new shared.Empty())
  else if (from === 'end') all.setEnd(new shared.Empty())
  else {
    const position = new streams.ReadReq.Options.Position()
    position.setCommitPosition(String(from.major))
    position.setPreparePosition(String(from.minor))
    all.setPosition(position)
  }
  return all
}

function streamFrom({ shared, streams }: Omit<Messages, 'groups'>, { stream, from }: Read) {
  const options = new streams.ReadReq.Options.StreamOptions()
  options.setStreamIdentifier(identifier({ shared }, stream))
  if (from === 'start') options.setStart(new shared.Empty())
  else if (from === 'end') options.setEnd(new shared.Empty())
  else options.setRevision(String(from.major))
  return options
}

function setFilter({ shared, streams }: Omit<Messages, 'groups'>, options: ReadOptions, filter: Filter | undefined) {
  if (filter === undefined) {
    options.setNoFilter(new shared.Empty())
    return
  }
  const { FilterOptions } = streams.ReadReq.Options
  const expression = new FilterOptions.Expression()
  if ('regex' in filter.expression) expression.setRegex(filter.expression.regex)
  else expression.setPrefixList([...filter.expression.prefixes])
  const filtering = new FilterOptions()
  if (filter.by === 'type') filtering.setEventType(expression)
  else filtering.setStreamIdentifier(expression)
  filtering.setMax(SEARCH_WINDOW)
  filtering.setCheckpointintervalmultiplier(1)
  options.setFilter(filtering)
}

export function groupRequest(
  { shared, groups }: Messages,
  { stream, group, bufferSize }: GroupRead,
): InstanceType<Library['groups']['ReadReq']> {
  const options = new groups.ReadReq.Options()
  if (stream === ALL) options.setAll(new shared.Empty())
  else options.setStreamIdentifier(identifier({ shared }, stream))
  options.setGroupName(group)
  options.setBufferSize(bufferSize)
  const uuids = new groups.ReadReq.Options.UUIDOption()
  uuids.setString(new shared.Empty())
  options.setUuidOption(uuids)
  const request = new groups.ReadReq()
  request.setOptions(options)
  return request
}

/** These events are done. */
export function ackRequest({ shared, groups }: Library, ids: readonly string[]) {
  const ack = new groups.ReadReq.Ack()
  ack.setIdsList(ids.map((id) => uuid({ shared }, id)))
  const request = new groups.ReadReq()
  request.setAck(ack)
  return request
}

function identifier({ shared }: Pick<Library, 'shared'>, stream: string) {
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream))
  return identifier
}

function uuid({ shared }: Pick<Library, 'shared'>, id: string) {
  const uuid = new shared.UUID()
  uuid.setString(id)
  return uuid
}
