import { expect } from 'vitest'
import type { Batch, Items } from '../../src/core/batch.js'
import { DataError } from '../../src/core/errors.js'
import type { WriteContext } from '../../src/core/sink.js'
import type { Rowset, UpsertSink, Values } from '../../src/core/upsert.js'
import { bisect } from '../../src/engine/bisect.js'
import type { StoredRow, UpsertHarness, UpsertTable } from './upsert-harness.js'

export const FLOW = 'contract'

/** Newest wins. */
export const ITEMS: UpsertTable = {
  name: 'items',
  columns: [
    { name: 'id', type: 'integer', nullable: false },
    { name: 'version', type: 'integer', nullable: true },
    { name: 'a', type: 'text', nullable: true, default: 'none' },
    { name: 'b', type: 'text', nullable: true },
  ],
  key: ['id'],
  version: 'version',
}

/** Whatever comes last wins. */
export const PLAIN: UpsertTable = {
  name: 'plain',
  columns: [
    { name: 'area', type: 'text', nullable: false },
    { name: 'id', type: 'integer', nullable: false },
    { name: 'a', type: 'text', nullable: true, default: 'none' },
    { name: 'b', type: 'text', nullable: true },
  ],
  key: ['area', 'id'],
}

/** Nothing but its key. */
export const MARKS: UpsertTable = {
  name: 'marks',
  columns: [
    { name: 'area', type: 'text', nullable: false },
    { name: 'id', type: 'integer', nullable: false },
  ],
  key: ['area', 'id'],
}

export const PARENTS: UpsertTable = {
  name: 'parents',
  columns: [
    { name: 'id', type: 'integer', nullable: false },
    { name: 'name', type: 'text', nullable: false },
  ],
  key: ['id'],
}

export const CHILDREN: UpsertTable = {
  name: 'children',
  columns: [
    { name: 'id', type: 'integer', nullable: false },
    { name: 'parent', type: 'integer', nullable: false, parent: 'parents' },
    { name: 'name', type: 'text', nullable: true },
  ],
  key: ['id'],
}

/** One rowset for each row, of a sink with one table. */
export function rowsets(...rows: readonly Values[]): readonly Rowset[] {
  return rows.map((row) => ({ rows: [[row]] }))
}

export function batch(items: readonly Rowset[], position?: string, lane = 'a'): Batch<Rowset> {
  return { lane, position, items }
}

export function context(parts: Partial<WriteContext> = {}): WriteContext {
  return { flow: FLOW, attempt: 1, expected: undefined, signal: new AbortController().signal, ...parts }
}

export async function write(sink: UpsertSink, ...rows: readonly Values[]): Promise<void> {
  await sink.write(batch(rowsets(...rows)), context())
}

/** Exactly these rows are stored. */
export async function expectRows(
  harness: UpsertHarness,
  table: UpsertTable,
  rows: readonly StoredRow[],
): Promise<void> {
  const sorted = (unsorted: readonly StoredRow[]) =>
    unsorted.map((row) => JSON.stringify(table.columns.map(({ name }) => [name, row[name] ?? null]))).sort()
  expect(sorted(await harness.stored(table))).toEqual(sorted(rows))
}

/** The indexes of the items that cannot be stored, found as the engine finds them. `write` refuses with `code`. */
export async function badItems(sink: UpsertSink, items: readonly Rowset[], code: string): Promise<readonly number[]> {
  const refused: unknown = await sink.write(batch(items), context()).catch((error: unknown) => error)
  if (!(refused instanceof DataError)) throw new Error('the batch was not refused', { cause: refused })
  expect(refused.code).toBe(code)
  const probe = (part: Items<Rowset>): Promise<void> => sink.probe(part, context())
  const bad = await bisect({ items, error: refused, probe, maxBad: items.length })
  return bad.map(({ index }) => index)
}
