import { selectFlows } from '../../config/select-flows.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { PublishedFeed } from '../../core/flow.js'
import { diffFeeds, type FeedDiff, type FeedDifference } from '../../flows/feed/diff/diff-feeds.js'
import type { FeedPlace } from '../../flows/feed/diff/feed-rows.js'
import { readManifest } from '../../flows/feed/manifest.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import { plural } from '../render/format.js'
import { type Paint, paint } from '../render/paint.js'
import { listenForSignals } from '../signals.js'
import { manifestAt } from './published-feed.js'

export interface DiffFeedsArguments {
  /** Each the path of a manifest, a flow (its newest feed), or `flow@42`. */
  readonly left: string
  readonly right: string
  readonly key?: readonly string[]
  readonly config?: string
  readonly json: boolean
  readonly moreInfo: boolean
  /** Differences that are shown, at most. */
  readonly limit: number
}

/** Says what changed between two published feeds; exits as diff(1) does. */
export async function diffPublished(io: Io, args: DiffFeedsArguments): Promise<ExitCode> {
  using signals = listenForSignals()
  const signal = signals.shutdown.drain
  const shown: FeedDifference[] = []
  const { config } = args
  const left = await placeOf(io, { subject: args.left, config }, signal)
  const right = await placeOf(io, { subject: args.right, config }, signal)
  const diff = await diffFeeds(left, right, {
    ...(args.key === undefined ? {} : { key: args.key }),
    signal,
    difference: (difference) => {
      if (args.moreInfo && shown.length < args.limit) shown.push(difference)
    },
  })
  const same = diff.added + diff.removed + diff.changed === 0
  const result = { verdict: same ? 'same' : 'different', ...diff, ...(args.moreInfo ? { differences: shown } : {}) }
  io.out(args.json ? toJson(result) : render({ diff, shown, same }, paint(io)))
  return same ? EXIT.ok : EXIT.different
}

async function placeOf(
  io: Io,
  args: { subject: string; config: string | undefined },
  signal: AbortSignal,
): Promise<FeedPlace> {
  const { subject, config } = args
  const named = manifestAt(io, subject)
  if (named !== undefined) return read(named, signal)
  const [, flow = subject, sequence] = /^(.*)@(\d+)$/.exec(subject) ?? []
  return withConfig(io, config, async (loaded) => {
    const [selected] = selectFlows(loaded, [flow])
    const number = sequence === undefined ? undefined : Number(sequence)
    if (selected?.flow.publishedFeed !== undefined) {
      return read(await selected.flow.publishedFeed(selected.name, number, signal), signal)
    }
    throw new ConfigError({
      code: 'flow-not-a-feed',
      key: `flows.${flow}`,
      message: 'this flow publishes no files',
      fix: 'name a `feed` flow, `flow@sequence`, or the path of a manifest',
    })
  })
}

async function read({ store, object }: PublishedFeed, signal: AbortSignal): Promise<FeedPlace> {
  return { store, manifest: await readManifest(store, object, signal) }
}

interface Rendering {
  readonly diff: FeedDiff
  readonly shown: readonly FeedDifference[]
  readonly same: boolean
}

function render({ diff: { rows, added, removed, changed }, shown, same }: Rendering, colours: Paint): string {
  const sizes = `${plural(rows.left, 'row')} and ${plural(rows.right, 'row')}`
  if (same) return `${colours.green('same')}  ${sizes}`
  const signs = { added: '+', removed: '-', changed: '~' } as const
  const lines = shown.map(
    ({ kind, key, fields }) => `  ${signs[kind]} ${key}${fields.length > 0 ? `  ${fields.join(', ')}` : ''}`,
  )
  const head = `${colours.red('different')}  ${sizes}: ${added} added, ${removed} removed, ${changed} changed`
  return [head, ...lines].join('\n')
}
