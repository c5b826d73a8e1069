import type { BucketRows, Row } from '../../../core/table.js'
import type { Streamed } from '../session/live-client.js'

const PAGE_ROWS = 1_000
const PAGE_CHARACTERS = 1_000_000

/** Gathers rows, of which the value after the last column is the bucket, into pages of bounded size. */
export async function* pagesOf(stream: Streamed, width: number): AsyncGenerator<BucketRows> {
  let rows: Row[] = []
  let buckets: number[] = []
  let characters = 0
  for await (const page of stream) {
    for (const values of page) {
      const row = values.slice(0, width).map((value) => (typeof value === 'string' ? value : null))
      for (const value of row) characters += value?.length ?? 0
      rows.push(row)
      buckets.push(Number(values[width] ?? 0))
    }
    if (rows.length < PAGE_ROWS && characters < PAGE_CHARACTERS) continue
    yield { rows, buckets }
    rows = []
    buckets = []
    characters = 0
  }
  if (rows.length > 0) yield { rows, buckets }
}
