import type { MysqlColumn } from '../catalog/catalog-queries.js'

/** How the values of a column are written. */
export type Kind = 'text' | 'json' | 'bytes' | 'moment' | 'date' | 'other'

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set'].map(
    (type) => [type, 'text'] as const,
  ),
  ...['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'].map((type) => [type, 'bytes'] as const),
  ['json', 'json'],
  ['datetime', 'moment'],
  ['timestamp', 'moment'],
  ['date', 'date'],
])

export function kindOf({ dataType }: MysqlColumn): Kind {
  return KINDS.get(dataType) ?? 'other'
}
