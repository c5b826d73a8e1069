import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { DigestSums } from '../../../core/digest-sums.js'
import { ConfigError } from '../../../core/errors.js'
import type { Bucket, Digest, DigestOptions, TableSchema } from '../../../core/table.js'
import { RangePace } from '../../sql/range-pace.js'
import type { MysqlHandle } from '../handle.js'
import type { ReadPass } from '../session/read-pass.js'
import { bucketIndex, type FormedRows, inBuckets, NO_HASH, rowHash } from './formed-rows.js'
import { checkKey } from './key-check.js'
import { extentOf, KeyRanges, sourceOf } from './key-ranges.js'

const Whole = z.tuple([z.object({ n: z.string(), s: z.string() })])
const Grouped = z.array(z.object({ i: z.coerce.number(), n: z.string(), s: z.string() }))

/** Numbers of the first range of keys, and of the smallest. */
const SIZES = { first: 10_000, least: 1_000 }

export interface DigestedRows {
  readonly rows: FormedRows
  readonly schema: TableSchema
  readonly label: string
  readonly within: readonly Bucket[]
  readonly depth: number
}

/**
 * See `Table.digests`. By ranges of the primary key where that begins with an integer, else with one statement; in one
 * snapshot, which MySQL cannot share among connections.
 */
export async function digestRows(
  database: MysqlHandle,
  of: DigestedRows,
  options: DigestOptions,
): Promise<ReadonlyMap<number, Digest>> {
  const { rows, schema, depth } = of
  await using pass = await database.pass({ what: 'digesting a table', signal: options.signal })
  if (depth === 0) await checkKey(pass, rows, schema)
  const digests = await readRows(pass, of, options)
  pass.finish()
  return digests
}

async function readRows(
  pass: ReadPass,
  of: DigestedRows,
  options: DigestOptions,
): Promise<ReadonlyMap<number, Digest>> {
  const { rows } = of
  const startedAt = performance.now()
  const extent = options.ranges === 1 ? undefined : await extentOf(pass, rows)
  const latencyMs = performance.now() - startedAt
  if (rows.ranged === undefined || extent === undefined) return read(pass, of, rows.source)
  const ranges = new KeyRanges(extent)
  const steady = rows.ranged.where === undefined
  const pace = new RangePace({ ...options, ...SIZES, of: ranges.left, latencyMs, steady })
  const sums = new DigestSums()
  while (ranges.left > 0) {
    const range = ranges.take(pace.size)
    const readAt = performance.now()
    const part = await read(pass, of, sourceOf(rows.ranged, range))
    sums.add(part)
    const units = [...part.values()].reduce((total, digest) => total + Number(digest.rows), 0)
    const restMs = pace.took(performance.now() - readAt, { size: range.size, units, isLast: range.last })
    if (restMs > 0) await delay(restMs, undefined, { signal: options.signal })
  }
  return sums.all
}

async function read(pass: ReadPass, of: DigestedRows, source: string): Promise<ReadonlyMap<number, Digest>> {
  const { rows, within, depth } = of
  const sums = `cast(count(*) as char) as n, cast(coalesce(sum(${rowHash(rows)}), 0) as char) as s`
  const from = `from ${source} t where ${inBuckets(rows, within)}`
  if (depth === 0) {
    const [{ n, s }] = Whole.parse(await pass.execute(sql.raw(`select ${sums} ${from}`)))
    return n === '0' ? new Map() : new Map([[0, digestOf(of, n, s)]])
  }
  const grouped = `select ${bucketIndex(rows, depth)} as i, ${sums} ${from} group by i order by null`
  return new Map(Grouped.parse(await pass.execute(sql.raw(grouped))).map(({ i, n, s }) => [i, digestOf(of, n, s)]))
}

function digestOf({ schema, label }: DigestedRows, rows: string, sum: string): Digest {
  const total = BigInt(sum)
  if (total < NO_HASH / 2n) return { rows: BigInt(rows), sum: total }
  throw new ConfigError({
    code: 'value-too-large',
    key: schema.name,
    message: `a row is larger than the server's max_allowed_packet and cannot be digested (${label})`,
    fix: 'raise max_allowed_packet of the server, or leave the large column out with the table option ignore',
  })
}
