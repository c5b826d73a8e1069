import { z } from 'zod'
import type { TableSchema } from '../../../core/table.js'
import { claimedKeyProblem } from '../../sql/claimed-key.js'
import type { ReadableRows } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { Statements } from '../session/session.js'
import type { Place } from './table-pages.js'

const flag = z.coerce.number().nullable()
const Found = z.tuple([z.object({ repeated: flag, missing: flag })])

export interface Claimed {
  readonly rows: ReadableRows
  readonly schema: TableSchema
  readonly signal: AbortSignal
}

/** Of a query only the config says what its key is: read once to see whether that holds. Throws `ConfigError`. */
export async function checkKey(
  session: Statements,
  { source }: Place,
  { rows, schema, signal }: Claimed,
): Promise<void> {
  if (rows.identity !== 'claimed') return
  const names = rows.key.map(quoteIdentifier)
  const missing = names.map((name) => `${name} is null`).join(' or ')
  const texts = names.map((name) => `cast(${name} as text)`).join(', ')
  const { rows: result } = await session.execute(
    `select max(n) > 1 as repeated, max(missing) as missing from (
      select count(*) as n, max(${missing}) as missing from ${source} group by ${texts}) k`,
    [],
    { what: 'looking for repeated keys', signal },
  )
  const [found] = Found.parse(result)
  const problem = claimedKeyProblem(schema, { repeated: found.repeated === 1, missing: found.missing === 1 })
  if (problem !== undefined) throw problem
}
