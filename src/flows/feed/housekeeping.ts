import { failpoint } from '../../core/failpoint.js'
import { putDescriptor } from './descriptor.js'
import { feedNames } from './names.js'
import { Published } from './published.js'
import { putBytes } from './put-bytes.js'
import type { FeedSettings } from './settings.js'

/** What follows a publication: the descriptor, the pointer to it, and taking away what no reader needs. May be done any number of times. */
export async function keepHouse(settings: FeedSettings, signal: AbortSignal): Promise<void> {
  let published = await Published.look(settings.to, settings.name, signal)
  failpoint('feed:before-descriptor')
  const newest = settings.as.preset === undefined ? undefined : await published.newest(signal)
  if (newest !== undefined) await putDescriptor(settings, newest, signal)
  failpoint('feed:after-descriptor')
  if (settings.latest) published = await pointToNewest(settings, published, signal)
  failpoint('feed:before-tidy')
  await published.tidy(settings.keep, signal)
  if (settings.quarantine !== undefined && settings.quarantine !== settings.to) {
    await tidyQuarantine(settings, published, signal)
  }
}

/** Whoever was slow looks again, so that the pointer never stays at an older feed. */
async function pointToNewest(settings: FeedSettings, seen: Published, signal: AbortSignal): Promise<Published> {
  const { to, name } = settings
  const names = feedNames(name)
  let published = seen
  for (;;) {
    const { last } = published
    if (last === 0) return published
    failpoint('feed:before-latest')
    const pointer = { name, sequence: last, manifest: names.manifest(last) }
    await putBytes(to, names.latest, { bytes: Buffer.from(`${JSON.stringify(pointer)}\n`), replace: true, signal })
    published = await Published.look(to, name, signal)
    if (published.last === last) return published
  }
}

/** As long as a feed is kept, so are its rejected rows. */
async function tidyQuarantine({ quarantine, keep, name }: FeedSettings, published: Published, signal: AbortSignal) {
  const oldest = await published.oldestKept(keep, signal)
  const names = feedNames(name)
  const kept = (await quarantine?.list(names.prefix, signal)) ?? []
  const old = kept.flatMap((object) => {
    const is = names.parse(object.name)
    return is?.kind === 'data' && is.sequence < oldest ? [object.name] : []
  })
  await quarantine?.delete(old, signal)
}
