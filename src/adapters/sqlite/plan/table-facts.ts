import { z } from 'zod'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { Snapshot } from '../session/session.js'

export function freeName(parts: readonly string[], taken: ReadonlySet<string>): string {
  const plain = parts.join('_')
  let name = plain
  for (let turn = 2; taken.has(name.toLowerCase()); turn++) name = `${plain}_${turn}`
  return name
}

/** A name that nothing in the file has. */
export async function freeIndexName(
  snapshot: Snapshot,
  parts: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  return freeName(parts, await takenNames(snapshot, signal))
}

const Names = z.array(z.object({ name: z.string() }))

/** Of all that is in the file, in lower case. */
export async function takenNames(snapshot: Snapshot, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const options = { what: 'reading the catalog', signal }
  const { rows } = await snapshot.execute('select lower(name) as name from sqlite_schema', [], options)
  return new Set(Names.parse(rows).map(({ name }) => name))
}

const Rows = z.tuple([z.object({ rows: z.coerce.number().nullable() })])

/** As many as row ids were given; of a table without any, unknown. */
export async function estimateRows(snapshot: Snapshot, name: string, signal: AbortSignal): Promise<number> {
  const query = `select max(rowid) as rows from ${quoteIdentifier(name)}`
  const { rows } = await snapshot
    .execute(query, [], { what: 'estimating rows', signal })
    .catch(() => ({ rows: [{ rows: 0 }] }))
  return Rows.parse(rows)[0].rows ?? 0
}
