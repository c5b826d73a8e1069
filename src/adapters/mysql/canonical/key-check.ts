import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { TableSchema } from '../../../core/table.js'
import { claimedKeyProblem } from '../../sql/claimed-key.js'
import { identifier } from '../catalog/identifiers.js'
import type { ReadPass } from '../session/read-pass.js'
import { type FormedRows, keyDigest } from './formed-rows.js'

const flag = z.coerce.number().nullable()
const Found = z.tuple([z.object({ repeated: flag, missing: flag })])

/** Of a query only the config says what its key is: read once to see whether that holds. Throws `ConfigError`. */
export async function checkKey(pass: ReadPass, rows: FormedRows, schema: TableSchema): Promise<void> {
  if (rows.identity !== 'claimed') return
  const missing = rows.key.map(({ column }) => `${identifier(column.name)} is null`).join(' or ')
  const result = await pass.execute(
    sql.raw(`select max(n) > 1 as repeated, max(missing) as missing from (
      select count(*) as n, max(${missing}) as missing from ${rows.source} t group by ${keyDigest(rows)}) k`),
  )
  const [found] = Found.parse(result)
  const problem = claimedKeyProblem(schema, { repeated: found.repeated === 1, missing: found.missing === 1 })
  if (problem === undefined) return
  pass.finish()
  throw problem
}
