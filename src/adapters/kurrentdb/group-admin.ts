import { ConfigError } from '../../core/errors.js'
import type { Connection } from './connection.js'
import type { Group, Settings } from './options.js'
import { ALL } from './place.js'

type GroupSettings = Settings & { readonly group: Group }

const STRATEGIES = { pinned: 'Pinned', 'round-robin': 'RoundRobin', 'dispatch-to-single': 'DispatchToSingle' } as const

/** Events that the server reads ahead for the group; its own default of 20 a read is slow. */
const READ_BATCH = 500
const BUFFER = 2_000

/** Makes the group; that another consumer was quicker is no error. */
export async function createGroup(connection: Connection, settings: GroupSettings, signal: AbortSignal): Promise<void> {
  const { stream, group, filter, from, resolveLinks } = settings
  const wanted = {
    startFrom: from,
    resolveLinkTos: resolveLinks,
    extraStatistics: false,
    messageTimeout: group.messageTimeoutMs,
    maxRetryCount: group.maxRetries,
    checkPointAfter: 2_000,
    checkPointLowerBound: 10,
    checkPointUpperBound: 1_000,
    maxSubscriberCount: 'unbounded',
    liveBufferSize: BUFFER,
    readBatchSize: READ_BATCH,
    historyBufferSize: BUFFER,
    consumerStrategyName: STRATEGIES[group.strategy],
  } as const
  try {
    await connection.ask(
      `creating group ${group.name} of ${stream}`,
      ({ client }) =>
        stream === ALL
          ? client.createPersistentSubscriptionToAll(
              group.name,
              wanted,
              filter === undefined ? {} : { filter: clientFilter(filter) },
            )
          : client.createPersistentSubscriptionToStream(stream, group.name, wanted),
      signal,
    )
  } catch (error) {
    if (!(error instanceof ConfigError && error.code === 'group-exists')) throw error
  }
}

function clientFilter({ by, expression }: NonNullable<Settings['filter']>) {
  const filterOn = by === 'type' ? ('eventType' as const) : ('streamName' as const)
  if ('regex' in expression) return { filterOn, regex: expression.regex, checkpointInterval: 1 }
  return { filterOn, prefixes: [...expression.prefixes], checkpointInterval: 1 }
}

/** Events that the group has read and that are not done, with any consumer or with none. */
export async function groupActivity(
  connection: Connection,
  settings: GroupSettings,
  signal: AbortSignal,
): Promise<number> {
  const { stats } = await groupInfo(connection, settings, signal)
  const { readBufferCount, retryBufferCount, totalInFlightMessages, outstandingMessagesCount } = stats
  return (
    readBufferCount +
    retryBufferCount +
    totalInFlightMessages +
    outstandingMessagesCount +
    Number(stats.liveBufferCount)
  )
}

export function groupInfo(connection: Connection, { stream, group }: GroupSettings, signal: AbortSignal) {
  return connection.ask(
    `asking about group ${group.name} of ${stream}`,
    async ({ client }) =>
      stream === ALL
        ? await client.getPersistentSubscriptionToAllInfo(group.name)
        : await client.getPersistentSubscriptionToStreamInfo(stream, group.name),
    signal,
  )
}
