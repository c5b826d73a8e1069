import { z } from 'zod'
import type { Feed, FeedDetail } from '../../client/wire/feeds.js'
import type { Flow, ListedFeed, PublishedFeed } from '../../core/flow.js'
import { isObjectMissing } from '../../core/object-store.js'
import { isIncrement } from '../../flows/feed/increment.js'
import { readManifest } from '../../flows/feed/manifest.js'
import { formatCursor, parseCursor } from '../../serve/cursor.js'
import type { FeedReader } from '../../serve/desk.js'

const Place = z.strictObject({ sequence: z.number().int() })

/** Published feeds as their stores have them. */
export function feedReader(flows: ReadonlyMap<string, Flow>): FeedReader {
  return {
    async list(name, { limit, cursor }, signal) {
      const before = parseCursor(cursor, Place)?.sequence ?? Number.POSITIVE_INFINITY
      const all = (await flows.get(name)?.listFeeds?.(name, signal)) ?? []
      const left = all.filter(({ sequence }) => sequence < before)
      const items = left.slice(0, limit).map(listed)
      const last = items.at(-1)
      return { items, next: left.length > limit && last ? formatCursor({ sequence: last.sequence }) : null }
    },
    one: (name, sequence, signal) => detailOf(flows.get(name), { name, sequence }, signal),
  }
}

function listed(feed: ListedFeed): Feed {
  const { sequence, newest, manifest, store, problems } = feed
  return {
    sequence,
    newest,
    manifest,
    store,
    publishedAt: feed.publishedAt ?? null,
    rows: feed.rows ?? null,
    bytes: feed.bytes ?? null,
    files: feed.files ?? null,
    rejected: feed.rejected ?? null,
    addsTo: feed.addsTo ?? null,
    problems,
  }
}

async function detailOf(
  flow: Flow | undefined,
  { name, sequence }: { readonly name: string; readonly sequence: number },
  signal: AbortSignal,
): Promise<FeedDetail | undefined> {
  const found = await flow?.publishedFeed?.(name, sequence, signal)
  if (found === undefined) return undefined
  try {
    return await feedDetail(found, signal)
  } catch (error) {
    if (isObjectMissing(error)) return undefined
    throw error
  }
}

/** What a manifest says. */
export async function feedDetail({ store, object }: PublishedFeed, signal: AbortSignal): Promise<FeedDetail> {
  const manifest = await readManifest(store, object, signal)
  const { name, sequence, run, publishedAt, format, compression, rows, bytes, skipped, rejected } = manifest
  const { files, columns, descriptor, incremental } = manifest
  return {
    name,
    sequence,
    run,
    manifest: object,
    store: store.label,
    publishedAt,
    format,
    compression,
    rows,
    bytes,
    skipped,
    rejected,
    files: files.map((file) => ({ name: file.name, rows: file.rows, bytes: file.bytes, sha256: file.sha256 })),
    columns: columns.map((column) => ({ name: column.name, type: column.type })),
    addsTo: incremental !== undefined && isIncrement(manifest) ? incremental.base : null,
    descriptor: descriptor?.name ?? null,
  }
}
