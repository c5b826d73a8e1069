/** The columns of `dead_letters` that version 1 did not have. */
export const LETTER_COLUMNS: readonly string[] = [
  `encoding text NOT NULL DEFAULT 'text'`,
  `headers text NOT NULL DEFAULT '{}'`,
  'origin text',
  `state text NOT NULL DEFAULT 'dead'`,
  'first_at timestamptz NOT NULL DEFAULT now()',
  'last_at timestamptz NOT NULL DEFAULT now()',
  // Digits are sorted alike whatever the database's collation.
  'id text COLLATE "C" GENERATED ALWAYS AS ("left"(item_hash, 16)) STORED NOT NULL',
]

/** By the quoted schema; names of indexes are those of tables, so they are found beside the table. */
export const LETTER_INDEXES: readonly ((schema: string) => string)[] = [
  (schema) => `dead_letters_by_time ON ${schema}.dead_letters (flow, first_at, id)`,
  (schema) => `dead_letters_by_id ON ${schema}.dead_letters (flow, id)`,
]

/** What brings tables of the version before up to each version, as statements for one transaction. */
const UPGRADES: ReadonlyMap<number, (schema: string) => readonly string[]> = new Map([[2, lettersThatCanBeListed]])

/** Statements that bring tables of version `from` up to `to`. `schema` is quoted. */
export function upgradeStatements(schema: string, from: number, to: number): readonly string[] {
  const versions = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index + 1)
  return versions.flatMap((version) => [
    ...(UPGRADES.get(version)?.(schema) ?? []),
    `UPDATE ${schema}."version" SET version = ${version} WHERE version = ${version - 1}`,
  ])
}

function lettersThatCanBeListed(schema: string): readonly string[] {
  const table = `${schema}."dead_letters"`
  return [
    `ALTER TABLE ${table} ${LETTER_COLUMNS.map((column) => `ADD COLUMN ${column}`).join(', ')}`,
    `UPDATE ${table} SET first_at = stored_at, last_at = stored_at`,
    `ALTER TABLE ${table} DROP COLUMN stored_at`,
    ...LETTER_INDEXES.map((index) => `CREATE INDEX ${index(schema)}`),
  ]
}
