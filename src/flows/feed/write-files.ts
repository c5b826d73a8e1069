import { ConfigError } from '../../core/errors.js'
import type { Consistency, ExportOptions, TableExport } from '../../core/export.js'
import type { ObjectWriter } from '../../core/object-store.js'
import { whileAnswering } from '../../engine/while-answering.js'
import { checkedMap } from './checked-map.js'
import type { Encoder } from './encoder.js'
import { FeedFiles } from './feed-files.js'
import type { FeedFile } from './manifest.js'
import { parquetEncoder } from './parquet/parquet-encoder.js'
import type { Generation, Page } from './part-file.js'
import type { LeftFile } from './published.js'
import type { Rejected, Rejections } from './rejections.js'
import { ResumedWriter } from './resumed-writer.js'
import type { Seen } from './seen.js'
import type { FeedSettings } from './settings.js'
import { textEncoder } from './text-encoder.js'

/** What of a table becomes which files. */
export interface FilesWriting {
  readonly settings: FeedSettings
  readonly table: TableExport
  /** Default: all rows, at a moment of its own. */
  readonly reading?: Pick<ExportOptions, 'range' | 'snapshot'>
  readonly generation: Generation
  readonly signal: AbortSignal
  /** Takes the rows that are left out. */
  readonly rejections: Rejections
  /** Keys of rows, as the preset judges them. */
  readonly seen: Seen
  /** Where there is no row: one file without rows; else there is no file. */
  readonly evenEmpty: boolean
  /** @param part from 1. */
  nameOf(part: number, extension: string): string
  /** A file of the same number of a run that was killed. */
  earlier(part: number, extension: string): LeftFile | undefined
  /** Called after each page: rows that were read, and those of them that cannot be published. */
  page(rows: number, rejected: readonly Rejected[]): Promise<void>
  /** Called when all rows are read, before the last file is finished. */
  read(): Promise<void>
  /** Deletes files, after a failure. Never rejects. */
  discard(names: readonly string[], error: unknown): Promise<void>
}

/** Reads the rows in one snapshot and writes their files, each whole and durable. What it wrote is taken back when it throws. */
export async function writeFiles(writing: FilesWriting): Promise<readonly FeedFile[]> {
  return withEncoder(writing, async (encoder) => {
    const files = filesOf(writing, encoder)
    try {
      const databases = [writing.settings.from.database]
      await whileAnswering({ databases }, writing.signal, (signal) => copy({ ...writing, signal }, encoder, files))
      await writing.read()
      return await files.end()
    } catch (error) {
      await files.abort()
      await writing.discard(files.names, error)
      throw error
    }
  })
}

/** The file of a feed without rows; `[]` where it is not to have one. */
export async function writeNoRows(writing: FilesWriting): Promise<readonly FeedFile[]> {
  return withEncoder(writing, async (encoder) => filesOf(writing, encoder).end())
}

type Encoded = <P extends Page<P>>(encoder: Encoder<P>) => Promise<readonly FeedFile[]>

async function withEncoder(writing: FilesWriting, work: Encoded): Promise<readonly FeedFile[]> {
  const { settings, table } = writing
  const { encoding } = settings.as
  if (encoding.kind === 'parquet') {
    checkColumns(
      settings,
      table,
      encoding.columns?.map(({ name }) => name),
    )
    return work(await parquetEncoder(settings, encoding, table))
  }
  checkColumns(settings, table, settings.as.columns)
  const columns = settings.as.columns ?? table.columns.map(({ name }) => name)
  return work(textEncoder(settings, encoding, columns))
}

function filesOf<P extends Page<P>>(writing: FilesWriting, encoder: Encoder<P>): FeedFiles<P> {
  const { settings, generation, evenEmpty } = writing
  return new FeedFiles<P>({
    rows: settings.rotate.rows,
    together: encoder.together,
    generation,
    evenEmpty,
    nameOf: (part) => writing.nameOf(part, encoder.extension),
    open: async (name, part) => encoder.part(await openFile(writing, encoder, { name, part })),
  })
}

/** A file of the same number of a run that was killed is compared, and used again as far as it is the same. */
async function openFile<P extends Page<P>>(
  { settings: { to: store }, earlier: earlierOf, signal }: FilesWriting,
  { extension, content, together }: Encoder<P>,
  { name, part }: { readonly name: string; readonly part: number },
): Promise<ObjectWriter> {
  const options = { ...content, signal }
  const earlier = earlierOf(part, extension)
  // Files that are ended together name the moment of their feed, so that none is ever as before.
  const fits = earlier !== undefined && earlier.bytes <= (store.copier?.maxBytes ?? -1) && !together
  return fits ? new ResumedWriter({ store, name, options, earlier: earlier.name }) : store.create(name, options)
}

async function copy<P extends Page<P>>(writing: FilesWriting, encoder: Encoder<P>, files: FeedFiles<P>): Promise<void> {
  const { settings, table, reading, signal, rejections, seen } = writing
  const { as: format, snapshotMs: maxSnapshotAgeMs, readers } = settings
  // Of ranges each is read in a snapshot.
  const consistency: Consistency = settings.consistency === 'chunks' ? 'chunks' : 'snapshot'
  const map = checkedMap(settings.map, settings.schema)
  const validate = format.preset?.validator(seen)
  const options = { ...reading, map, validate, rejections, signal, maxSnapshotAgeMs, consistency, readers }
  for await (const { read, page } of encoder.pages(table, options)) {
    await writing.page(read, rejections.take())
    await files.add(page)
  }
}

/** Throws where the table cannot be read as it is asked for. */
export function refuseUnsupported({ consistency, readers }: FeedSettings, { label, supports }: TableExport): void {
  if (consistency === 'chunks' && !supports.has('chunks')) {
    throw unsupported('consistency', `${label} cannot be read in chunks, as only tables can`)
  }
  if (readers > 1 && !supports.has('readers')) {
    throw unsupported('readers', `${label} has one reader, as only tables of PostgreSQL have several in one snapshot`)
  }
}

function unsupported(option: string, message: string): ConfigError {
  return new ConfigError({ code: 'option-unsupported', key: `feed({ ${option} })`, message, fix: 'remove it' })
}

/** Those that the format names must be there, unless `map` makes them. */
function checkColumns({ as, map }: FeedSettings, table: TableExport, asked: readonly string[] | undefined): void {
  const known = table.columns.map(({ name }) => name)
  const unknown = map === undefined ? asked?.find((name) => !known.includes(name)) : undefined
  if (unknown === undefined) return
  throw new ConfigError({
    code: 'column-missing',
    key: `feed({ as: ${as.name}({ columns }) })`,
    message: `${table.label} has no column ${JSON.stringify(unknown)}`,
    fix: `name some of: ${known.join(', ')}`,
  })
}
