import { postgres } from '../../adapters/postgres/index.js'
import { selectFlows } from '../../config/select-flows.js'
import type { BulkTable } from '../../core/bulk.js'
import type { TableRef } from '../../core/database.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Shutdown } from '../../engine/shutdown.js'
import { type LoadSummary, loadTables } from '../../flows/load/load-tables.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { LoadMeter } from '../load/load-meter.js'
import { showLoad } from '../load/load-screen.js'
import { withConfig } from '../open-config.js'
import { renderLoaded } from '../render/load-view.js'
import { listenForSignals } from '../signals.js'
import { within } from '../within.js'

export interface LoadArguments {
  readonly flow?: string
  readonly table?: string
  /** Addresses of the databases. */
  readonly into: readonly string[]
  /** Environment variables that hold further ones. */
  readonly intoEnv: readonly string[]
  readonly rows?: number
  readonly batch: number
  readonly seconds?: number
  readonly rate?: number
  /** Between two log lines, in ms. */
  readonly progress: number
  readonly json: boolean
  readonly config?: string
}

const OPEN_DEADLINE_MS = 30_000

/** Inserts random rows into tables picked at random. */
export async function load(io: Io, args: LoadArguments): Promise<ExitCode> {
  const { flow, table } = args
  const urls = [...args.into, ...args.intoEnv.map((name) => urlIn(io, name))]
  if (flow !== undefined) {
    if (table !== undefined || urls.length > 0) throw namedTwice(flow)
    return withConfig(io, args.config, (config) => {
      const tables = selectFlows(config, [flow]).flatMap((selected) => selected.flow.tables ?? [])
      if (tables.length === 0) throw noTables(flow)
      return loadInto(io, args, tables)
    })
  }
  if (table === undefined || urls.length === 0) throw nothingNamed(table)
  const databases = urls.map((url) => postgres(url))
  try {
    return await loadInto(
      io,
      args,
      databases.map((database) => database.table(table)),
    )
  } finally {
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
  }
}

async function loadInto(io: Io, args: LoadArguments, refs: readonly TableRef[]): Promise<ExitCode> {
  using signals = listenForSignals((state) => {
    if (state === 'draining') io.err('stopping after the insert under way')
  })
  const tables = await within(OPEN_DEADLINE_MS, 'opening the tables', (signal) =>
    Promise.all(refs.map((ref) => open(ref, signal))),
  )
  const summary = await watched(io, args, { tables, stop: signals.shutdown })
  io.out(args.json ? toJson(summary) : renderLoaded(summary))
  return signals.shutdown.state === 'aborting' ? EXIT.aborted : EXIT.ok
}

async function watched(
  io: Io,
  args: LoadArguments,
  { tables, stop }: { tables: readonly BulkTable[]; stop: Shutdown },
): Promise<LoadSummary> {
  const meter = new LoadMeter(tables.map((table) => table.database))
  const screen = showLoad(meter, io, { json: args.json, everyMs: args.progress })
  try {
    return await loadTables({
      ...args,
      tables,
      drain: stop.drain,
      abort: stop.abort,
      observe: (event) => meter.take(event),
    })
  } finally {
    screen.stop()
  }
}

function open(ref: TableRef, signal: AbortSignal): Promise<BulkTable> {
  if (ref.bulk !== undefined) return ref.bulk(signal)
  throw new ConfigError({
    code: 'load-engine',
    key: ref.name,
    message: `random rows cannot be made for ${ref.database.engine}`,
    fix: 'load a table of a PostgreSQL database',
  })
}

function urlIn(io: Io, name: string): string {
  const url = io.env[name]
  if (url !== undefined && url !== '') return url
  throw new ConfigError({
    code: 'load-address-missing',
    key: '--into-env',
    message: `the environment variable ${name} is ${url === '' ? 'empty' : 'not set'}`,
    fix: `set ${name} to the address of the database, e.g. postgres://user:password@host:5432/database`,
  })
}

function nothingNamed(table: string | undefined): ConfigError {
  return new ConfigError({
    code: 'load-target-missing',
    key: table === undefined ? '--table' : '--into-env',
    message: 'nothing to load is named',
    fix: 'name a flow of the config (lockstep load mirror), or --table and one --into-env for each database',
  })
}

function namedTwice(flow: string): ConfigError {
  return new ConfigError({
    code: 'load-target-twice',
    key: `flows.${flow}`,
    message: 'the flow already says what to load, and so do --table, --into-env and --into',
    fix: 'give either a flow, or --table and --into-env',
  })
}

function noTables(flow: string): ConfigError {
  return new ConfigError({
    code: 'load-flow-without-tables',
    key: `flows.${flow}`,
    message: 'this flow writes to no table that could be loaded',
    fix: 'name the table and its databases: lockstep load --table <name> --into-env <variable>',
  })
}
