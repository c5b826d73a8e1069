import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import { renderFeedRuns } from '../render/feed-runs.js'
import { renderFeeds } from '../render/feed-table.js'
import { paint } from '../render/paint.js'
import { listenForSignals } from '../signals.js'
import { feedHistoryBeside } from './feed-history.js'

export interface ListFeedsArguments {
  /** A flow of the config. */
  readonly flow: string
  /** Runs to list, of those that are kept. */
  readonly runs: number
  readonly config?: string
  readonly json: boolean
}

/** Lists the feeds of a flow and its last runs, newest first. */
export async function listPublished(
  io: Io,
  { flow: name, runs: limit, config, json }: ListFeedsArguments,
): Promise<ExitCode> {
  using signals = listenForSignals()
  return withConfig(io, config, async (loaded) => {
    const [named] = selectFlows(loaded, [name])
    if (named?.flow.listFeeds === undefined) throw notAFeed(name)
    const feeds = await named.flow.listFeeds(named.name, signals.shutdown.drain)
    const runs =
      limit === 0 ? undefined : await feedHistoryBeside(io, loaded, (kept) => kept.list({ flow: name, limit }))
    const options = { width: io.width, paint: paint(io) }
    if (json) io.out(toJson({ feeds, runs: runs ?? [] }))
    else io.out([renderFeeds(feeds, options), ...(runs?.length ? ['', renderFeedRuns(runs, options)] : [])].join('\n'))
    return EXIT.ok
  })
}

export function notAFeed(name: NamedFlow['name']): ConfigError {
  return new ConfigError({
    code: 'flow-not-a-feed',
    key: `flows.${name}`,
    message: 'this flow publishes no files',
    fix: 'name a `feed` flow',
  })
}
