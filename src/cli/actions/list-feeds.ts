import { selectFlows } from '../../config/select-flows.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { ListedFeed } from '../../core/flow.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import { renderFeeds } from '../render/feed-table.js'
import { paint } from '../render/paint.js'
import { listenForSignals } from '../signals.js'

export interface ListFeedsArguments {
  /** A flow of the config. */
  readonly flow: string
  readonly config?: string
  readonly json: boolean
}

/** Lists the feeds of a flow, newest first. */
export async function listPublished(io: Io, args: ListFeedsArguments): Promise<ExitCode> {
  using signals = listenForSignals()
  const feeds = await withConfig(io, args.config, async (loaded): Promise<readonly ListedFeed[]> => {
    const [named] = selectFlows(loaded, [args.flow])
    if (named?.flow.listFeeds !== undefined) return named.flow.listFeeds(named.name, signals.shutdown.drain)
    throw new ConfigError({
      code: 'flow-not-a-feed',
      key: `flows.${args.flow}`,
      message: 'this flow publishes no files',
      fix: 'name a `feed` flow',
    })
  })
  io.out(args.json ? toJson({ feeds }) : renderFeeds(feeds, { width: io.width, paint: paint(io) }))
  return EXIT.ok
}
