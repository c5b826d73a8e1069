import type { StandardSchemaV1 } from '@standard-schema/spec'
import { DataError, LockstepError } from '../../core/errors.js'
import { checkSchema } from '../ingest/check-schema.js'
import { Rejection } from '../ingest/rejection.js'
import { InvalidRow } from './invalid-row.js'
import type { RowMap } from './mapped-rows.js'

/** `map` (left out: the row as it is), whose answers are what `schema` makes of them. What it refuses is a `DataError`. */
export function checkedMap(map: RowMap | undefined, schema: StandardSchemaV1 | undefined): RowMap | undefined {
  if (schema === undefined) return map
  return (row) => {
    const made = map === undefined ? row : map(row)
    return made instanceof Promise ? made.then((value) => check(schema, value)) : check(schema, made)
  }
}

function check(schema: StandardSchemaV1, value: unknown): unknown {
  // Left out on purpose.
  if (value === undefined || value === null) return value
  try {
    const checked = checkSchema(schema, value)
    return checked instanceof Promise ? checked.catch(refuse) : checked
  } catch (error) {
    return refuse(error)
  }
}

function refuse(cause: unknown): never {
  if (cause instanceof Rejection) throw new InvalidRow('schema-mismatch', cause.problems, { cause })
  if (cause instanceof LockstepError) throw cause
  // The text of another error may hold values of the row.
  const message = `schema threw ${cause instanceof Error ? cause.name : typeof cause}`
  throw new DataError('schema-failed', message, { cause })
}
