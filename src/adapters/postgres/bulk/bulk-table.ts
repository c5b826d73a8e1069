import { type SQL, sql } from 'drizzle-orm'
import type { BulkTable } from '../../../core/bulk.js'
import { identifier, identifiers } from '../catalog/identifiers.js'
import type { Session } from '../session/session.js'
import { type BulkPlace, type BulkShape, describeBulk } from './describe-bulk.js'
import { type RandomColumn, randomColumn, travelsNatively } from './random-column.js'

/** Reads the catalog once. Throws `ConfigError` when no random row can be made for the table. */
export async function openBulkTable(place: BulkPlace, signal: AbortSignal): Promise<BulkTable> {
  const shape = await describeBulk(place, { signal })
  return {
    database: place.label,
    name: shape.name,
    insertRandom: (rows, abort) => insertRandom(place.session, shape, { rows, signal: abort }),
  }
}

async function insertRandom(
  session: Session,
  shape: BulkShape,
  batch: { rows: number; signal: AbortSignal },
): Promise<number> {
  const literals = shape.columns.map((column) => randomColumn(column, batch.rows))
  const insert = insertStatement(shape, literals)
  if (!shape.mayCollide) {
    await session.execute(insert, { signal: batch.signal })
    return batch.rows
  }
  const counted = sql`with inserted as (${insert} on conflict do nothing returning 1) select count(*)::int4 as rows from inserted`
  const [row] = await session.execute<{ rows: number }>(counted, { signal: batch.signal })
  return row?.rows ?? 0
}

/** One parameter per column, whatever the number of rows. */
function insertStatement(shape: BulkShape, literals: readonly string[]): SQL {
  const names = shape.columns.map((column) => column.name)
  const comma = sql.raw(', ')
  const arrays = shape.columns.map((column, index) => sql`${literals[index] ?? '{}'}::${sql.raw(arrayType(column))}`)
  const values = shape.columns.map((column, index) => sql`${identifier(`c${index}`)}${sql.raw(cast(column))}`)
  const aliases = identifiers(shape.columns.map((_, index) => `c${index}`))
  return sql`insert into ${sql.raw(shape.qualified)} (${identifiers(names)})
    select ${sql.join(values, comma)} from unnest(${sql.join(arrays, comma)}) as made (${aliases})`
}

const arrayType = (column: RandomColumn): string => (travelsNatively(column) ? `${column.sqlType}[]` : 'text[]')
const cast = (column: RandomColumn): string => (travelsNatively(column) ? '' : `::${column.sqlType}`)
