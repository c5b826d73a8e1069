import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { claimedKeyProblem } from '../../sql/claimed-key.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { Session } from '../session/session.js'

const Found = z.tuple([z.object({ repeated: z.boolean().nullable(), missing: z.boolean().nullable() })])

/** Of a query only the config says what its key is: read once to see whether that holds. Throws `ConfigError`. */
export async function checkKey(
  session: Session,
  { identity, source, keyColumns, schema }: PostgresTableInfo,
): Promise<void> {
  if (identity !== 'claimed') return
  const names = keyColumns.map(({ name }) => `t.${quoteIdentifier(name)}`)
  const texts = names.map((name) => `${name}::text collate "C"`).join(', ')
  const missing = names.map((name) => `${name} is null`).join(' or ')
  const result = await session.execute(
    sql.raw(`select max(n) > 1 as repeated, bool_or(missing) as missing from (
      select count(*) as n, bool_or(${missing}) as missing from ${source} t group by ${texts}) k`),
  )
  const [{ repeated, missing: isMissing }] = Found.parse(result)
  const problem = claimedKeyProblem(schema, { repeated: repeated === true, missing: isMissing === true })
  if (problem !== undefined) throw problem
}
