import { ConfigError } from '../../../core/errors.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'

/** The columns are no longer those that were described: what is in a new one would be left out. */
export function columnsChanged({ schema }: PostgresTableInfo): ConfigError {
  return new ConfigError({
    code: 'table-changed',
    key: schema.name,
    message: 'the columns of this table were changed while the flow was running',
    fix: 'make the same change on both sides, then start the flow again; the comparison at start finds what was missed',
  })
}

/** Another table has the name now. */
export function tableReplaced({ schema }: PostgresTableInfo): ConfigError {
  return new ConfigError({
    code: 'table-changed',
    key: schema.name,
    message: 'this table was dropped and created again while the flow was running',
    fix: 'start the flow again; the comparison at start fills it',
  })
}
