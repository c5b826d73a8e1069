import type { PlainSql } from '../plain-sql.js'

export interface Lag {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly rows: number
}

/**
 * The lag of every row committed since `sinceMs` (milliseconds since 1970), by the servers' own commit timestamps (`track_commit_timestamp`): when it was committed on the
 * side that got it second, less when on the side that got it first. Both servers read one clock.
 */
export async function lagOfRows(left: PlainSql, right: PlainSql, sinceMs: number): Promise<Lag> {
  const stamps = `select id::text, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at from records
    where pg_xact_commit_timestamp(xmin) > to_timestamp(${sinceMs} / 1000.0)`
  const [one, other] = await Promise.all([left.run(stamps), right.run(stamps)])
  const first = new Map<string, number>(one.rows.map((row) => [row.id, row.at]))
  const lags: number[] = []
  for (const { id, at } of other.rows) {
    const before = first.get(id)
    if (before !== undefined) lags.push(Math.abs(at - before))
  }
  lags.sort((a, b) => a - b)
  return { p50Ms: quantile(lags, 0.5), p99Ms: quantile(lags, 0.99), rows: lags.length }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
