import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { FeedAlert } from '../../core/alert.js'
import type { ExportableTableRef } from '../../core/database.js'
import type { DistributeOptions } from '../../core/distribute.js'
import type { Consistency } from '../../core/export.js'
import type { ObjectStore } from '../../core/object-store.js'
import type { ScheduleOptions } from '../../core/schedule.js'
import type { Format } from './format.js'
import type { FeedHistoryOptions } from './history/options.js'

/** How far rows are of one moment. */
export type FeedConsistency = Consistency | 'ranges'

type MaybeLater<Value> = Value | Promise<Value>

type ColumnOf<Select> = Extract<keyof Select, string>

/** `column`: as `map` calls it. */
export type SinceOptions<Select = Readonly<Record<string, unknown>>> =
  | 'last-run'
  | { readonly column: ColumnOf<Select>; readonly overlapMs: number }
  | { readonly column: ColumnOf<Select>; readonly overlap: number }

/**
 * Options of `feed`. `Accepted`: what the format takes; a `map` that makes something else does not compile. `Made`: what
 * `map` makes, where a `schema` comes between.
 */
export interface FeedOptions<Select, Accepted, Made = Accepted> {
  /** `table(...)` or `query(...)` of a database, read in one snapshot; its key orders the rows. */
  readonly from: ExportableTableRef<Select>
  /** SQL of the database over the columns of `from`: `closed_at is null`. Other rows are not there. Default: all rows. */
  readonly where?: string
  /**
   * Publishes only rows that may not be in the feed before; others than new ones may be among them, and none is left out. Rows
   * that were deleted are not told. `'last-run'`: by the transactions that wrote them, exact, tables of PostgreSQL only; the
   * table is still read whole. Or by a column that is newer in each row that changes: a time, with `overlapMs`, the longest
   * time from the one in the column to when the row can be seen; or a whole number, with `overlap`. Default: all rows.
   */
  readonly since?: SinceOptions<Select>
  /** With `since`: one feed in so many has all rows again. Default 100. */
  readonly fullEvery?: number
  /**
   * What is published of a row. May be asynchronous; up to 100 rows are then mapped at the same time. `undefined` or
   * `null` leaves the row out. What it throws rejects the row, but for an `UnavailableError`, which is waited for.
   * Default: all columns, as the database makes JSON of them, so that no digit is lost.
   */
  readonly map?: (row: Select) => MaybeLater<NoInfer<Made> | null | undefined>
  /**
   * Any Standard Schema (Zod, Valibot, ArkType), also an asynchronous one: checks what `map` made, or the row when there is
   * no `map`. What it makes of a value is published; what it refuses is rejected, with path and reason.
   */
  readonly schema?: StandardSchemaV1<Made, NoInfer<Accepted>>
  /** `json()`, `ndjson()`, `csv()`, `parquet()` or a preset: `actionsCenter(name)`. Default `json()`. */
  readonly as?: Format<Accepted>
  /** Where to: `folder('out')`. Feeds of different names may share a place. */
  readonly to: ObjectStore
  /** How all files begin. Letters, digits, hyphens, underscores and single dots. Default: the flow's name in the config. */
  readonly name?: string
  /** When a new file begins. Default 1,000,000 rows or 200 MB (200,000,000 bytes) as stored. */
  readonly rotate?: { readonly rows?: number; readonly bytes?: number }
  /** Default level 6; `false`: not compressed. Parquet is compressed within, by its own option. */
  readonly gzip?: { readonly level?: number } | false
  /** zstd in place of gzip: half its processor time, on one core; 1 to 19, default level 3. Needs Node 22.15 or newer here, and readers that know it. */
  readonly zstd?: { readonly level?: number }
  /** Published feeds that are kept, the newest included. Default 7. */
  readonly keep?: number
  /**
   * Refuses to publish a feed that has lost more than this share of the rows of the one before. 0 to 1, 1 being never.
   * Default 0.5.
   */
  readonly shrink?: number
  /** What to do when every file would be as in the newest feed. Default `publish`. */
  readonly whenUnchanged?: 'skip' | 'publish'
  /** Keeps an object `<name>.latest.json` that names the newest manifest. Default `true`. */
  readonly latest?: boolean
  /** Where key, code and reason of rejected rows are written, one file per feed. Default: they are only counted. */
  readonly quarantine?: ObjectStore
  /** Publishes nothing when more than this share of the rows is rejected. 0 to 1, 1 being never. Default 0.05. */
  readonly stopAbove?: number
  /**
   * `'snapshot'`: all rows are of one moment; the database cannot clean up behind it while it is read. `'chunks'`: the rows are read in chunks of
   * the key's order, each in a transaction of about half a second and as of its own moment. A row whose key is changed during the run may come
   * twice or not at all, and rows that were changed together may be of different moments. Tables only. `'ranges'`, with `distribute`: each range is read
   * in one snapshot, and each has its own, which databases need that cannot share one (MySQL, MariaDB, SQLite); of rows whose keys are changed, or that are
   * changed together, the same holds as for chunks. Default `'snapshot'`.
   */
  readonly consistency?: FeedConsistency
  /** Connections that read at the same time, in one snapshot; one more walks ahead. Same files whatever their number. 1 to 16, tables of PostgreSQL only. Default 1. */
  readonly readers?: number
  /** How old a snapshot may become, in ms: that of the run, of a range, or of a chunk. Nothing is published when it grows older. Default 3,600,000 (an hour). */
  readonly snapshotMs?: number
  /** How long to go on trying while the database or the store cannot be used, in ms. Default 60,000. */
  readonly patienceMs?: number
  /**
   * What is kept of each run in the config's `state` database: what came of it, and which rows it rejected, by reason and
   * key; never other values. Nothing without a `state`. Default 100 runs with 1,000 keys each; `false`: nothing.
   */
  readonly history?: FeedHistoryOptions | false
  /** When people are told, and where: `{ refused: true, to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: FeedAlert
  /**
   * Workers (`lockstep worker`) write the files, range by range, wherever they run: `{ postgres: env('QUEUE_URL') }`. `to` has to
   * be one place for all of them. Tables only, of MySQL, MariaDB and SQLite with another `consistency`; not with `since`, or the metadata block of a
   * preset. Default: this process alone.
   */
  readonly distribute?: Omit<DistributeOptions, 'snapshotMs'>
  /** When `lockstep run` publishes: `'0 3 * * *'` (UTC), or `{ cron, timeZone }`. Default: once, at the start. */
  readonly schedule?: ScheduleOptions
}
