import type { StandardSchemaV1 } from '@standard-schema/spec'
import { z } from 'zod'
import type { ExportableTableRef } from '../../core/database.js'
import type { Distribute, DistributeOptions } from '../../core/distribute.js'
import { ConfigError } from '../../core/errors.js'
import type { Since } from '../../core/increment.js'
import type { ObjectStore } from '../../core/object-store.js'
import { AlertShape } from '../alert.js'
import { parseDistribute } from '../distributed/parse-distribute.js'
import { ScheduleShape } from '../schedule.js'
import { refuseWithoutZstd } from './compression/zstd.js'
import { refuseUnfitToShare } from './distributed/unfit.js'
import { type Format, json } from './format.js'
import { FeedHistoryShape } from './history/options.js'
import type { RowMap } from './mapped-rows.js'
import { isFeedName } from './names.js'

/** Zod only looks: the very objects of the config go on, not copies of them. */
const method = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'

const StoreShape = z.custom<ObjectStore>(
  (value) => method(value, 'create') && method(value, 'list') && method(value, 'sweep'),
  'must be a place for files, e.g. what folder() returns',
)
const TableShape = z.custom<ExportableTableRef>(
  (value) => method(value, 'exports') && method(value, 'grants'),
  'must be what can be read in one snapshot: what table(...) or query(...) of a database returns',
)
const FormatShape = z.custom<Format>(
  (value) => typeof value === 'object' && value !== null && 'encoding' in value && 'contentType' in value,
  'must be a format: json(), ndjson(), csv(), parquet() or a preset such as actionsCenter(name)',
)
const SchemaShape = z.custom<StandardSchemaV1>(
  (value) => (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value,
  'must be a Standard Schema, e.g. of Zod, Valibot or ArkType',
)
const share = z.number().min(0).max(1)
const ms = z.number().int().min(1).max(2_147_483_647)

const column = z.string().min(1)
const SinceShape = z
  .union(
    [
      z.literal('last-run'),
      z.strictObject({ column, overlapMs: ms }),
      z.strictObject({ column, overlap: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) }),
    ],
    "must be 'last-run', { column, overlapMs } or { column, overlap }",
  )
  .transform((since): Since => {
    if (since === 'last-run') return { kind: since }
    return 'overlap' in since ? { kind: 'number', ...since } : { kind: 'time', ...since }
  })

const OptionsShape = z.strictObject({
  from: TableShape,
  where: z.string().min(1).optional(),
  since: SinceShape.optional(),
  fullEvery: z.number().int().min(1).max(10_000).default(100),
  map: z.custom<RowMap>((value) => typeof value === 'function', 'must be a function: (row) => value').optional(),
  schema: SchemaShape.optional(),
  as: FormatShape.default(json),
  to: StoreShape,
  name: z
    .string()
    .refine(
      isFeedName,
      'must be of letters, digits, hyphens, underscores and single dots, at most 100, and begin with a letter or digit',
    )
    .optional(),
  rotate: z
    .strictObject({
      rows: z.number().int().min(1).default(1_000_000),
      bytes: z.number().int().min(1_000).default(200_000_000),
    })
    .prefault({}),
  gzip: z.union([z.literal(false), z.strictObject({ level: z.number().int().min(1).max(9).default(6) })]).prefault({}),
  zstd: z.strictObject({ level: z.number().int().min(1).max(19).default(3) }).optional(),
  keep: z.number().int().min(1).max(10_000).default(7),
  shrink: share.default(0.5),
  whenUnchanged: z.enum(['skip', 'publish']).default('publish'),
  latest: z.boolean().default(true),
  quarantine: StoreShape.optional(),
  stopAbove: share.default(0.05),
  consistency: z.enum(['snapshot', 'chunks', 'ranges']).default('snapshot'),
  readers: z.number().int().min(1).max(16).default(1),
  snapshotMs: ms.default(3_600_000),
  patienceMs: ms.default(60_000),
  distribute: z
    .custom<DistributeOptions>((value) => typeof value === 'object' && value !== null, 'must be an object')
    .optional(),
  history: FeedHistoryShape,
  alert: AlertShape.feed,
  schedule: ScheduleShape,
})

/** What `feed` was given, with defaults filled in. */
export type Settings = Omit<z.output<typeof OptionsShape>, 'distribute'> & {
  readonly distribute?: Distribute | undefined
}
/** The same once the flow has its name. */
export type FeedSettings = Settings & { readonly name: string }

/** A `ConfigError` names the option that is wrong. */
export function parseOptions(options: unknown): Settings {
  const { success, data, error } = OptionsShape.safeParse(options)
  if (!success) throw invalid(error)
  if (data.zstd !== undefined) refuseWithoutZstd('feed({ zstd })', 'or use gzip')
  refuseUnfit(data)
  refuseUnfitToShare(data)
  return { ...data, distribute: parseDistribute(data.distribute, 'feed') }
}

/** What a preset asks for, and what cannot be done together. */
function refuseUnfit({
  as,
  consistency,
  map,
  readers,
  rotate,
  since,
  whenUnchanged,
  zstd,
}: Omit<Settings, 'distribute'>): void {
  const { preset, encoding, columns, name } = as
  if (readers > 1 && consistency === 'chunks') {
    throw problem('readers', 'share one snapshot, and chunks have one each', "remove it, or consistency: 'chunks'")
  }
  if (preset !== undefined && since !== undefined) {
    throw problem('since', `${preset.name} takes each feed for all there is`, 'remove it')
  }
  if (preset !== undefined && map === undefined) {
    throw problem('map', `is missing: ${preset.name} needs rows of its own shape`, 'give a function: (row) => entity')
  }
  if (preset !== undefined && rotate.bytes > preset.maxFileBytes) {
    throw problem('rotate.bytes', `${preset.name} takes files of at most ${preset.maxFileBytes} bytes`, 'lower it')
  }
  if (zstd !== undefined && preset !== undefined) throw problem('zstd', `${preset.name} does not take it`, 'use gzip')
  if (zstd !== undefined && encoding.kind === 'parquet') {
    throw problem('zstd', 'Parquet is compressed within', "write as: parquet({ compression: 'zstd' })")
  }
  const unnamed = name === 'csv' ? columns === undefined : encoding.kind === 'parquet' && encoding.columns === undefined
  if (map !== undefined && unnamed) {
    const fix =
      name === 'csv' ? "csv({ columns: ['id', 'name'] })" : "parquet({ columns: { id: 'int64', name: 'utf8' } })"
    throw problem('as', 'must name its columns, as map may make any', `name them: ${fix}`)
  }
  if (encoding.kind === 'text' && encoding.together === true && whenUnchanged === 'skip') {
    const fix = 'leave the metadata out, or remove whenUnchanged'
    throw problem('whenUnchanged', 'no file is ever unchanged, as each has the timestamp of its feed in it', fix)
  }
}

/** The name of the files; throws when the flow's own cannot be it. */
export function named(settings: Settings, flow: string): FeedSettings {
  const name = settings.name ?? flow
  if (isFeedName(name)) return { ...settings, name }
  throw problem('name', `is missing, as the flow's own name cannot be that of files`, "give one: name: 'facilities'")
}

function invalid(error: z.ZodError): ConfigError {
  const [first] = error.issues
  if (first?.code === 'unrecognized_keys') {
    const known = Object.keys(OptionsShape.shape).join(', ')
    return problem([...first.path, first.keys[0] ?? ''].join('.'), 'is no option', `remove it; known are ${known}`)
  }
  return problem(
    first?.path.map(String).join('.') || 'options',
    first?.message ?? 'is not valid',
    'correct the option; its default and its unit are in the documentation of feed()',
  )
}

function problem(key: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key: `feed({ ${key} })`, message, fix })
}
