import type { Form } from '../../../core/canonical.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'

const NUMBER: Form = { kind: 'number' }
const UUID: Form = { kind: 'uuid' }
const TEXT: Form = { kind: 'text', padded: false }

/** MariaDB's `uuid` is printed in lower case; of a binary column 16 bytes are one. */
const FORMS: ReadonlyMap<string, readonly Form[]> = new Map<string, readonly Form[]>([
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year'].map((type) => [type, [NUMBER]] as const),
  ['float', [{ kind: 'float', bits: 32 }]],
  ['double', [{ kind: 'float', bits: 64 }]],
  ['bit', [{ kind: 'bits' }, NUMBER]],
  ['char', [{ kind: 'text', padded: true }, UUID]],
  ...['varchar', 'tinytext', 'text', 'mediumtext', 'longtext'].map((type) => [type, [TEXT, UUID]] as const),
  ...['enum', 'set'].map((type) => [type, [TEXT]] as const),
  ['uuid', [UUID, TEXT]],
  ['date', [{ kind: 'date' }]],
  ...['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'].map(
    (type) => [type, [{ kind: 'bytes' }, UUID]] as const,
  ),
])

/** What the values of a column can be given as, the best first. */
export function formsOf(column: MysqlColumn): readonly Form[] {
  const { dataType, scale } = column
  if (dataType === 'datetime' || dataType === 'timestamp') return [{ kind: 'moment', fraction: scale }]
  if (dataType === 'time') return [{ kind: 'time', fraction: scale }]
  return FORMS.get(dataType) ?? [{ kind: 'own', name: `mysql ${dataType}` }]
}
