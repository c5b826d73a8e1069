import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describeIssue } from './describe-issue.js'
import { Rejection } from './rejection.js'

const MAX_ISSUES = 5

type Result = StandardSchemaV1.Result<unknown>

/** What a schema makes of the value, or a promise of it; throws a `Rejection`, or the promise rejects with one. */
export function checkSchema(schema: StandardSchemaV1, value: unknown): unknown {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then((settled) => outputOf(settled, value)) : outputOf(result, value)
}

function outputOf(result: Result, value: unknown): unknown {
  if (result.issues === undefined) return result.value
  const { issues } = result
  const told = issues.slice(0, MAX_ISSUES).map((issue) => describeIssue(issue, value))
  const more = issues.length > MAX_ISSUES ? [`and ${issues.length - MAX_ISSUES} more`] : []
  throw new Rejection('schema-mismatch', [...told, ...more].join('; '), told)
}
