import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { postgres } from '../../src/adapters/postgres/index.js'
import type { Batch } from '../../src/core/batch.js'
import type { Rowset, UpsertSink } from '../../src/core/upsert.js'
import { type Measurement, measurement } from '../measurement.js'
import { type PlainSql, plainSql } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { type CopyAndMerge, copyAndMerge } from './copy-and-merge.js'
import { CREATE, copyLines, scanResults, scanRows } from './sink-rows.js'

const DEFAULT_ROWS = 200_000
/** As `BATCH_LIMITS` has it, and what is best. */
const BATCHES = [1_000, 5_000] as const
const ROUNDS = 3
const PASSES = [
  { name: 'new keys', pass: 0 },
  { name: 'newer rows', pass: 1 },
] as const

/** The sink of `ingest` alone against what people do by hand: the same rows, the same server, taking turns. */
export const ingestSink: Scenario = { name: 'ingest-sink', run }

interface Load {
  readonly pass: number
  readonly count: number
  readonly file: string
}

interface Contender {
  /** 0: the peer. */
  readonly lanes: number
  readonly batchRows: number
}

const PEER: Contender = { lanes: 0, batchRows: 0 }
const SINKS: readonly Contender[] = [1, 2].flatMap((lanes) => BATCHES.map((batchRows) => ({ lanes, batchRows })))
const CONTENDERS = [PEER, ...SINKS]

function nameOf({ lanes, batchRows }: Contender): string {
  return lanes === 0
    ? 'peer'
    : `${lanes === 1 ? 'one lane' : 'two lanes'}, batches of ${batchRows.toLocaleString('en-US')}`
}

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const count = context.rows ?? DEFAULT_ROWS
  const { a } = await context.startPair({ max_wal_size: '16GB' })
  await using plain = await plainSql(a.url())
  await plain.run(CREATE)
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'))
  try {
    const loads = await Promise.all(PASSES.map(({ pass }) => load(join(folder, `pass-${pass}`), count, pass)))
    const peer = await copyAndMerge()
    const best = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const contender of CONTENDERS) {
        context.say(`round ${round + 1}: ${nameOf(contender)}`)
        const seconds = await contend(contender, { url: a.url(), plain, peer, loads })
        seconds.forEach((value, pass) => {
          const name = `${nameOf(contender)} ${pass}`
          best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, value))
        })
      }
    }
    return figures(count, peer, best)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function load(file: string, count: number, pass: number): Promise<Load> {
  await pipeline(Readable.from(copyLines(count, pass)), createWriteStream(file, { mode: 0o644 }))
  return { pass, count, file }
}

interface Arena {
  readonly url: string
  readonly plain: PlainSql
  readonly peer: CopyAndMerge
  readonly loads: readonly Load[]
}

/** Seconds of each pass, from an empty table on. */
async function contend(contender: Contender, { url, plain, peer, loads }: Arena): Promise<readonly number[]> {
  await plain.run('truncate scan_results')
  await plain.run('drop schema if exists lockstep cascade')
  const seconds: number[] = []
  const time = async (work: () => Promise<void>): Promise<void> => {
    await plain.run('checkpoint')
    const startedMs = performance.now()
    await work()
    seconds.push((performance.now() - startedMs) / 1_000)
  }
  if (contender.lanes === 0) {
    for (const { file } of loads) await time(() => peer.run(url, file))
  } else {
    const { signal } = new AbortController()
    await using database = postgres(url)
    await database.state.prepare(signal)
    const table = database.table(scanResults, { version: 'lastSeen' })
    await using sink = await database.upserts([table], { flow: 'bench' }, signal)
    for (const one of loads) {
      const batches = readyBatches(one, contender)
      await time(() => inLanes(sink, batches, contender))
    }
  }
  await verify(plain, loads)
  return seconds
}

/** The rows are there beforehand, as the text is that psql copies. */
function readyBatches({ pass, count }: Load, { batchRows }: Contender): readonly (readonly Rowset[])[] {
  const batches: (readonly Rowset[])[] = []
  for (let from = 0; from < count; from += batchRows)
    batches.push(scanRows(from, Math.min(count, from + batchRows), pass))
  return batches
}

let runs = 0

async function inLanes(sink: UpsertSink, batches: readonly (readonly Rowset[])[], { lanes }: Contender): Promise<void> {
  const { signal } = new AbortController()
  const names = Array.from({ length: lanes }, (_, lane) => `${++runs}-${lane}`)
  let next = 0
  const run = async (lane: string): Promise<void> => {
    let expected: string | undefined
    for (let at = next++; at < batches.length; at = next++) {
      const batch: Batch<Rowset> = { lane, position: String(at), items: batches[at] ?? [] }
      await sink.write(batch, { flow: 'bench', attempt: 1, expected, signal })
      expected = batch.position
    }
  }
  await Promise.all(names.map(run))
}

async function verify(plain: PlainSql, loads: readonly Load[]): Promise<void> {
  const pass = loads.length - 1
  const { rows } = await plain.run(
    `select count(*)::int4 as n from scan_results where response like 'response ${pass} of%'`,
  )
  if (rows[0].n !== loads[pass]?.count) throw new Error(`the table holds ${rows[0].n} rows of the last pass`)
}

function figures(count: number, peer: CopyAndMerge, best: ReadonlyMap<string, number>): readonly Measurement[] {
  const perSecond = (contender: Contender, pass: number): number =>
    Math.round(count / (best.get(`${nameOf(contender)} ${pass}`) ?? Number.NaN))
  return PASSES.flatMap(({ name, pass }) =>
    SINKS.map((contender) =>
      measurement({
        scenario: 'ingest-sink',
        figure: `${name}, ${nameOf(contender)}`,
        value: perSecond(contender, pass),
        unit: 'rows/s',
        peer: { name: peer.name, value: perSecond(PEER, pass) },
        goal: { atLeast: contender.lanes === 1 ? 0.9 : 1.2 },
      }),
    ),
  )
}
