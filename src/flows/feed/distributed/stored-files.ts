import { ConfigError, UnavailableError } from '../../../core/errors.js'
import { pause } from '../../../engine/retry.js'
import type { FeedFile } from '../manifest.js'
import type { Attempt } from '../names.js'
import { feedNames } from '../names.js'
import type { FeedSettings } from '../settings.js'

/** A folder on the network may show a new file late. */
const LATE_MS = 30_000
const AGAIN_MS = 500

/** Looks whether the files that workers have written, and read back, are where this process publishes. */
export async function lookForFiles(
  settings: FeedSettings,
  { attempt, files }: { readonly attempt: Attempt; readonly files: readonly FeedFile[] },
  signal: AbortSignal,
): Promise<void> {
  const until = Date.now() + LATE_MS
  for (;;) {
    const [missing, wrong] = await look(settings, { attempt, files }, signal)
    if (wrong !== undefined) throw damaged(settings, wrong)
    if (missing === undefined) return
    signal.throwIfAborted()
    if (Date.now() > until) throw missingFile(settings, missing)
    await pause(AGAIN_MS, signal)
  }
}

async function look(
  { to, name }: FeedSettings,
  { attempt, files }: { readonly attempt: Attempt; readonly files: readonly FeedFile[] },
  signal: AbortSignal,
): Promise<readonly [missing: string | undefined, wrong: string | undefined]> {
  const sizes = new Map((await to.list(feedNames(name).attempt(attempt), signal)).map((one) => [one.name, one.bytes]))
  const missing = files.find((file) => !sizes.has(file.name))
  const wrong = files.find((file) => sizes.has(file.name) && sizes.get(file.name) !== file.bytes)
  return [missing?.name, wrong?.name]
}

function damaged({ to }: FeedSettings, file: string): UnavailableError {
  const message = `${to.label}: ${file} has another size than a worker has written; nothing was published`
  return new UnavailableError('feed-damaged', message)
}

function missingFile({ to }: FeedSettings, file: string): ConfigError {
  return new ConfigError({
    code: 'store-not-shared',
    key: 'feed({ to })',
    message: `${to.label}: ${file}, which a worker has written and read back, is not there; nothing was published`,
    fix: 'give all workers the same place: a folder has to be one that all machines share, such as a network volume',
  })
}
