import { ConfigError } from '../../core/errors.js'
import type { TableSchema } from '../../core/table.js'

/** What is wrong with the key that the config gives a query, once its rows have been read; `undefined`: nothing. */
export function claimedKeyProblem(
  { name, key }: Pick<TableSchema, 'name' | 'key'>,
  found: { readonly repeated: boolean; readonly missing: boolean },
): ConfigError | undefined {
  const list = key.join(', ')
  const fix = 'name columns that identify a row with key, group by them, or compare without a key (key: none)'
  const where = { key: `${name}.key`, fix }
  if (found.missing) {
    return new ConfigError({
      ...where,
      code: 'key-null',
      message: `rows of the query have NULL in their key (${list})`,
    })
  }
  if (!found.repeated) return undefined
  return new ConfigError({ ...where, code: 'key-repeated', message: `rows of the query have the same key (${list})` })
}
