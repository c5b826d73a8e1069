import type { StandardSchemaV1 } from '@standard-schema/spec'
import { z } from 'zod'

/** Beyond so many values inside the one that failed nobody looks whether a message quotes one. */
const MAX_LEAVES = 100

/** What the libraries say about an issue besides its message: Zod, Valibot and ArkType have these in common. */
const Details = z.object({
  code: z.string().optional().catch(undefined),
  type: z.string().optional().catch(undefined),
  expected: z.string().optional().catch(undefined),
  format: z.string().optional().catch(undefined),
  values: z
    .array(z.union([z.string(), z.number()]))
    .optional()
    .catch(undefined),
  minimum: z.union([z.number(), z.bigint()]).optional().catch(undefined),
  maximum: z.union([z.number(), z.bigint()]).optional().catch(undefined),
})

/**
 * `contact.age: expected number`. The message of an issue may quote the value ("received 'secret'"), so it is only used
 * when it holds none of the values that are there, and what is expected is told from the details.
 */
export function describeIssue(issue: StandardSchemaV1.Issue, value: unknown): string {
  const keys = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
  const path = keys.length === 0 ? 'value' : keys.map(String).join('.')
  return `${path}: ${expectation(issue) ?? safeMessage(issue.message, at(value, keys))}`
}

function expectation(issue: StandardSchemaV1.Issue): string | undefined {
  const { data } = Details.safeParse(issue)
  if (data === undefined) return undefined
  const { code, type, expected, format, values, minimum, maximum } = data
  if (expected !== undefined) return `expected ${expected}`
  if (format !== undefined) return `expected ${format}`
  if (values !== undefined) return `expected one of ${values.join(', ')}`
  if (minimum !== undefined) return `expected at least ${minimum}`
  if (maximum !== undefined) return `expected at most ${maximum}`
  const word = code ?? type
  return word === undefined || word === 'custom' || word === 'check' ? undefined : word.replaceAll('_', ' ')
}

function safeMessage(message: string, value: unknown): string {
  const leaves = leavesOf(value)
  if (leaves === undefined) return 'is not valid'
  const quoted = leaves.some((leaf) => leaf !== '' && message.includes(leaf))
  return quoted || message === '' ? 'is not valid' : message
}

function at(value: unknown, keys: readonly PropertyKey[]): unknown {
  let inner = value
  for (const key of keys) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined
    inner = Reflect.get(inner, key)
  }
  return inner
}

/** The texts of all values in a value; `undefined` when there are too many. */
function leavesOf(value: unknown): readonly string[] | undefined {
  const leaves: string[] = []
  const rest: unknown[] = [value]
  for (let next = rest.pop(); next !== undefined || rest.length > 0; next = rest.pop()) {
    if (leaves.length + rest.length > MAX_LEAVES) return undefined
    if (typeof next === 'object' && next !== null) rest.push(...Object.keys(next), ...Object.values(next))
    else if (next !== undefined && next !== null) leaves.push(String(next), JSON.stringify(String(next)).slice(1, -1))
  }
  return leaves
}
