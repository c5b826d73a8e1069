import { selectFlows } from '../../config/select-flows.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { FeedVerification } from '../../core/flow.js'
import { verifyManifest } from '../../flows/feed/verify-feed.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import { count, plural } from '../render/format.js'
import { type Paint, paint } from '../render/paint.js'
import { listenForSignals } from '../signals.js'
import { manifestAt } from './published-feed.js'

export interface VerifyFeedArguments {
  /** A flow of the config, or the path of a manifest. */
  readonly subject: string
  readonly config?: string
  readonly json: boolean
}

/** Reads a published feed again, whole. */
export async function verifyFeed(io: Io, args: VerifyFeedArguments): Promise<ExitCode> {
  using signals = listenForSignals()
  const found = await verification(io, args, signals.shutdown.drain)
  io.out(args.json ? toJson(found) : render(found, paint(io)))
  return found.problems.length === 0 ? EXIT.ok : EXIT.data
}

async function verification(io: Io, args: VerifyFeedArguments, signal: AbortSignal): Promise<FeedVerification> {
  const { subject, config } = args
  const manifest = manifestAt(io, subject)
  if (manifest !== undefined) return verifyManifest(manifest.store, manifest.object, signal)
  return withConfig(io, config, async (loaded) => {
    const [named] = selectFlows(loaded, [subject])
    if (named?.flow.verifyFeed !== undefined) return named.flow.verifyFeed(named.name, signal)
    throw new ConfigError({
      code: 'flow-not-a-feed',
      key: `flows.${subject}`,
      message: 'this flow publishes no files',
      fix: 'name a `feed` flow, or the path of a manifest',
    })
  })
}

function render(found: FeedVerification, colours: Paint): string {
  const { manifest, store, rows, bytes, files, problems } = found
  const what = `${manifest} in ${store}: ${plural(rows, 'row')} in ${plural(files, 'file')}, ${count(bytes)} bytes`
  if (problems.length === 0) return `${colours.green('whole')}  ${what}`
  const lines = problems.map(({ file, problem }) => `  ${file} ${problem}`)
  return [`${colours.red('damaged')}  ${what}`, ...lines].join('\n')
}
