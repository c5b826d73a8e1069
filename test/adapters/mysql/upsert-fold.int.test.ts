import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import type { Values } from '../../../src/core/upsert.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'

const { url } = testMariadb()
const { signal } = new AbortController()

beforeAll(async () => {
  const columns =
    "id varchar(9) COLLATE utf8mb4_bin PRIMARY KEY, version bigint, a varchar(9) DEFAULT 'none', b varchar(9)"
  await mariadbQuery(url, `CREATE TABLE versioned (${columns}); CREATE TABLE plain (${columns})`)
})

const row = fc.record(
  {
    id: fc.constantFrom('a', 'A', 'b', 'c '),
    version: fc.option(fc.integer({ min: 0, max: 5 })),
    a: fc.option(fc.constantFrom('x', 'y')),
    b: fc.option(fc.constantFrom('x', 'y', 'z')),
  },
  { requiredKeys: ['id'] },
)

type Row = Readonly<{ id: string; version?: number | null; a?: string | null; b?: string | null }>

function isNewer(incoming: number | null | undefined, stored: number | null | undefined): boolean {
  if (incoming === undefined || incoming === null) return false
  return stored === undefined || stored === null || incoming > stored
}

/** The rule, one row after the other, as a person would write it down. */
function fold(rows: readonly Row[], versioned: boolean): readonly Row[] {
  const table = new Map<string, Row>()
  for (const next of rows) {
    const stored = table.get(next.id)
    if (stored === undefined) table.set(next.id, { version: null, a: 'none', b: null, ...next })
    else if (!versioned || isNewer(next.version, stored.version)) table.set(next.id, { ...stored, ...next })
  }
  return [...table.values()]
}

describe.each([
  ['versioned', true],
  ['plain', false],
] as const)('a table that is %s', (table, versioned) => {
  it('holds what writing row by row leaves, whatever the borders of batches and the columns of rows', async () => {
    await using database = mysql(url)
    const options = versioned ? { version: 'version' } : {}
    const sink = await database.upserts([database.table(table, options)], { flow: 'fold' }, signal)
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 4 }), async (batches) => {
        await mariadbQuery(url, `TRUNCATE ${table}`)
        for (const rows of batches) {
          const items = rows.map((values: Values) => ({ rows: [[values]] }))
          await sink.write(
            { lane: 'a', position: undefined, items },
            { flow: 'fold', attempt: 1, expected: undefined, signal },
          )
        }
        const stored = await mariadbQuery(url, `SELECT * FROM ${table}`)
        const text = (rows: readonly Values[]): string[] =>
          rows
            .map(({ id, version, a, b }) => JSON.stringify([id, version === null ? null : String(version), a, b]))
            .sort()
        expect(text(stored)).toEqual(text(fold(batches.flat(), versioned)))
      }),
      { numRuns: 150, seed },
    )
  })
})
