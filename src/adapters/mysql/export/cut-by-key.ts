import type { ExportRange } from '../../../core/export.js'
import { cutBetween, SAMPLED_KEYS } from '../../sql/export/cut-keys.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { MysqlHandle } from '../handle.js'
import { keyColumnOf } from './key-range.js'
import { textsOf } from './raw-texts.js'

/**
 * See `TableExport.cut`. The server has no way to look at some rows only, so it goes through all keys once, in the smallest index that has them,
 * and sends those with the least hashes.
 */
export async function cutByKey(
  database: MysqlHandle,
  rows: ReadableRows,
  { ranges, signal }: { readonly ranges: number; readonly signal: AbortSignal },
): Promise<readonly ExportRange[]> {
  const key = rows.key.map(keyColumnOf)
  const list = key.flatMap(({ side, print }, at) => [`${print} as c${at}`, `${side} as s${at}`]).join(', ')
  const hashed = `md5(concat_ws(',', ${key.map(({ print }) => `cast(${print} as binary)`).join(', ')}))`
  const sampled = `select ${list} from ${rows.source} t order by ${hashed} limit ${SAMPLED_KEYS}`
  const [printed, order] = ['c', 's'].map((letter) => key.map((_, at) => `${letter}${at}`).join(', '))
  const keys: string[][] = []
  await using pass = await database.pass({ what: 'cutting a table into ranges', signal })
  for await (const page of pass.stream(`select ${printed} from (${sampled}) k order by ${order}`)) {
    keys.push(...page.map((row) => textsOf(row).map((text) => text ?? '')))
  }
  pass.finish()
  return cutBetween(keys, ranges)
}
