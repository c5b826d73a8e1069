import { Secret, scrub } from './secret.js'

const MAX_DEPTH = 6
const MAX_PARTS = 100
const SECRET_NAME = /password|passwd|secret|token|credential|authorization|connection_?string|api_?key|private_?key/i

/**
 * Options of a flow as people may see them, for `Flow.describe`: plain values as they are, tables and columns by their
 * names, functions by theirs, and every other object (a database, stream, store, cache) by its label, or else by what it
 * is. So nothing is shown that such an object may hold; what stands under a secret name is not shown either.
 */
export function describeOptions(options: unknown): unknown {
  return describe(options, 0)
}

function describe(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function') return value.name === '' ? '(function)' : `(function ${value.name})`
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return value.toString()
  if (value instanceof RegExp || value instanceof URL) return scrub(String(value))
  if (depth >= MAX_DEPTH) return '(more)'
  if (Array.isArray(value)) return value.slice(0, MAX_PARTS).map((part: unknown) => describe(part, depth + 1))
  return known(value, depth) ?? (isPlain(value) ? describeParts(value, depth) : `(${nameOf(value)})`)
}

/** Tables, columns, schemas, and whatever has a label. */
function known(value: object, depth: number): unknown {
  const of = (name: string): unknown => Reflect.get(value, name)
  const database = of('database')
  if (typeof database === 'object' && database !== null && typeof of('name') === 'string') {
    const where = Reflect.get(database, 'label')
    return describeTable(`${String(where)} ${String(of('name'))}`, of('options'), depth)
  }
  const table = of('table')
  if (typeof of('column') === 'string' && typeof table === 'object' && table !== null) {
    return { table: describe(table, depth + 1), column: of('column') }
  }
  const standard = of('~standard')
  if (typeof standard === 'object' && standard !== null) return `(schema of ${String(Reflect.get(standard, 'vendor'))})`
  const label = of('label')
  return typeof label === 'string' ? scrub(label) : undefined
}

function describeTable(table: string, options: unknown, depth: number): unknown {
  const parts = typeof options === 'object' && options !== null ? describeParts(options, depth + 1) : {}
  return Object.keys(parts).length === 0 ? scrub(table) : { table: scrub(table), ...parts }
}

function describeParts(value: object, depth: number): Record<string, unknown> {
  const parts = Object.entries(value)
    .slice(0, MAX_PARTS)
    .filter(([, part]) => part !== undefined)
    .map(([name, part]) => [name, SECRET_NAME.test(name) ? '[redacted]' : describe(part, depth + 1)])
  return Object.fromEntries(parts)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function nameOf(value: object): string {
  return value.constructor.name || 'object'
}
