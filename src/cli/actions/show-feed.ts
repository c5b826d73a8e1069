import type { FeedDetail } from '../../client/wire/feeds.js'
import type { Config } from '../../config/define-config.js'
import { selectFlows } from '../../config/select-flows.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { FeedReport } from '../../core/feed-run.js'
import { isObjectMissing } from '../../core/object-store.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import { renderFeedSheet } from '../render/feed-sheet.js'
import { paint } from '../render/paint.js'
import { feedDetail } from '../serve/feed-reader.js'
import { listenForSignals } from '../signals.js'
import { feedHistory, feedHistoryBeside } from './feed-history.js'
import { notAFeed } from './list-feeds.js'

export interface ShowFeedArguments {
  /** A flow of the config. */
  readonly flow: string
  /** Number of a feed, its manifest, or id of a run; default the newest feed. */
  readonly subject?: string
  /** Keys to show of each reason. */
  readonly keys: number
  readonly config?: string
  readonly json: boolean
}

/** What is known of one run or feed; at least one of both. */
export interface ShownFeed {
  readonly feed: FeedDetail | undefined
  readonly report: FeedReport | undefined
}

/** Shows a published feed and the report of its run, or a run that published nothing. */
export async function showFeed(io: Io, args: ShowFeedArguments): Promise<ExitCode> {
  using signals = listenForSignals()
  return withConfig(io, args.config, async (config) => {
    const shown = await shownFeed(io, { config, args }, signals.shutdown.drain)
    const { feed = null, report = null } = shown
    const options = { flow: args.flow, keys: args.keys, width: io.width, paint: paint(io) }
    io.out(args.json ? toJson({ feed, report }) : renderFeedSheet(shown, options))
    return EXIT.ok
  })
}

interface Asked {
  readonly config: Config
  readonly args: Pick<ShowFeedArguments, 'flow' | 'subject'>
}

async function shownFeed(io: Io, { config, args }: Asked, signal: AbortSignal): Promise<ShownFeed> {
  const { flow, subject } = args
  const [named] = selectFlows(config, [flow])
  const published = named?.flow.publishedFeed?.bind(named.flow)
  if (published === undefined) throw notAFeed(flow)
  const detail = async (sequence: number | undefined) => feedDetail(await published(flow, sequence, signal), signal)
  if (subject === undefined || !RUN.test(subject)) {
    const feed = await detail(subject === undefined ? undefined : sequenceOf(subject, flow))
    return { feed, report: await feedHistoryBeside(io, config, (kept) => kept.get(flow, feed.run)) }
  }
  const report = await feedHistory(config, (kept) => kept.get(flow, subject))
  if (report === undefined) throw unknown(config, flow, subject)
  const { sequence } = report
  if (report.outcome !== 'published' || sequence === undefined) return { feed: undefined, report }
  // Retention may have taken it, and another may have its number since.
  const feed = await detail(sequence).catch(missing)
  return { feed: feed?.run === report.id ? feed : undefined, report }
}

/** As names of files have it. */
const RUN = /^[0-9a-f]{16}$/
const SEQUENCE = /^\d{1,12}$/
const MANIFEST = /-(\d{1,12})\.manifest\.json$/

function sequenceOf(subject: string, flow: string): number {
  const digits = SEQUENCE.test(subject) ? subject : MANIFEST.exec(subject)?.[1]
  if (digits !== undefined) return Number(digits)
  throw new ConfigError({
    code: 'feed-unknown',
    key: subject,
    message: 'this is neither the number of a feed, nor a manifest, nor the id of a run',
    fix: `lockstep feed list ${flow} lists them`,
  })
}

function missing(error: unknown): undefined {
  if (isObjectMissing(error)) return undefined
  throw error
}

function unknown({ state }: Config, flow: string, subject: string): ConfigError {
  if (state === undefined) {
    return new ConfigError({
      code: 'history-missing',
      key: 'state',
      message: 'the config names no database for state, so no runs of feeds are kept',
      fix: "name one: state: postgres(env('STATE_URL')), or sqlite('lockstep.db')",
    })
  }
  return new ConfigError({
    code: 'run-unknown',
    key: subject,
    message: `no run of this id is kept of ${flow}`,
    fix: `lockstep feed list ${flow} lists them; the oldest are forgotten (history: { keepRuns })`,
  })
}
