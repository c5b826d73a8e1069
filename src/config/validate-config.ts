import { z } from 'zod'
import type { Database } from '../core/database.js'
import { ConfigError } from '../core/errors.js'
import type { Flow, FlowKind } from '../core/flow.js'
import { type Config, LOG_LEVELS } from './define-config.js'
import { nearest } from './nearest.js'

const KINDS: readonly FlowKind[] = ['ingest', 'sync', 'feed', 'check']
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/

const FlowShape = z.object({
  kind: z.enum(['ingest', 'sync', 'feed', 'check']),
  databases: z.array(z.unknown()),
  run: z.function(),
  diagnose: z.function(),
  grants: z.function(),
})
const DatabaseShape = z.object({
  engine: z.string(),
  label: z.string(),
  table: z.function(),
  identify: z.function(),
  state: z.looseObject({}),
})

/** Zod only looks here: the very objects of the config go on, not copies of them. */
const isFlow = (value: unknown): value is Flow => FlowShape.safeParse(value).success
const isDatabase = (value: unknown): value is Database => DatabaseShape.safeParse(value).success

const ConfigShape = z.strictObject({
  flows: z.record(z.string().regex(NAME), z.custom<Flow>(isFlow)),
  state: z.custom<Database>(isDatabase).optional(),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).optional() }).optional(),
})

/** The config in `file`, or a `ConfigError` for the first thing that is wrong with it. */
export function validateConfig(value: unknown, file: string): Config {
  if (!hasFlows(value)) throw noDefaultExport(value, file)
  const parsed = ConfigShape.safeParse(value)
  if (!parsed.success) throw problem(parsed.error, value)
  const { flows, state, log } = parsed.data
  refuseEmptyAndShared(flows, file)
  return {
    flows,
    ...(state === undefined ? {} : { state }),
    ...(log?.level === undefined ? {} : { log: { level: log.level } }),
  }
}

function hasFlows(value: unknown): value is { readonly flows: object } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'flows' in value &&
    typeof value.flows === 'object' &&
    value.flows !== null
  )
}

function noDefaultExport(value: unknown, file: string): ConfigError {
  if (typeof value === 'object' && value !== null && 'default' in value === false && hasConfigInside(value)) {
    return new ConfigError({
      code: 'config-default-missing',
      key: 'default',
      message: `${file} exports a config, but not as its default`,
      fix: 'write `export default defineConfig({ flows: { ... } })`',
    })
  }
  return new ConfigError({
    code: 'config-flows-missing',
    key: 'flows',
    message: `the default export of ${file} has no object \`flows\``,
    fix: 'write `export default defineConfig({ flows: { ... } })`, with at least one flow',
  })
}

function hasConfigInside(value: object): boolean {
  return Object.values(value).some(hasFlows)
}

function refuseEmptyAndShared(flows: object, file: string): void {
  const names = new Map<unknown, string>()
  for (const [name, flow] of Object.entries(flows)) {
    const first = names.get(flow)
    if (first !== undefined) {
      throw new ConfigError({
        code: 'flow-duplicate',
        key: `flows.${name}`,
        message: `is the same flow as flows.${first}`,
        fix: `remove one of the two names, or call the factory again if you want two flows`,
      })
    }
    names.set(flow, name)
  }
  if (names.size === 0) {
    throw new ConfigError({
      code: 'flows-empty',
      key: 'flows',
      message: `${file} names no flow`,
      fix: 'add one, e.g. `flows: { mirror: sync({ table: records, between: [a, b] }) }`',
    })
  }
}

/** The first thing zod found, in words that name the cure. */
function problem(error: z.ZodError, value: unknown): ConfigError {
  const issue = error.issues[0]
  if (issue === undefined) throw error
  const key = issue.path.map(String).join('.') || 'default'
  if (issue.code === 'unrecognized_keys') return unknownKey(issue.keys[0] ?? '', key, issue.path.length)
  if (
    issue.code === 'invalid_key' ||
    (issue.path[0] === 'flows' && issue.path.length === 2 && !NAME.test(String(issue.path[1])))
  ) {
    return new ConfigError({
      code: 'flow-name-invalid',
      key,
      message: 'is not a name for a flow',
      fix: 'start with a letter and use letters, digits, _ and - only, at most 63',
    })
  }
  if (issue.path[0] === 'flows') return wrongFlow(key, at(value, issue.path))
  if (issue.path[0] === 'state') {
    return new ConfigError({
      code: 'state-invalid',
      key,
      message: `is ${describe(at(value, issue.path))}, not a database`,
      fix: 'give what `postgres(url)` returns',
    })
  }
  if (issue.path.join('.') === 'log.level') {
    return new ConfigError({
      code: 'log-level-invalid',
      key,
      message: 'is not a log level',
      fix: `use one of ${LOG_LEVELS.join(', ')}`,
    })
  }
  return new ConfigError({
    code: 'config-invalid',
    key,
    message: issue.message,
    fix: 'see the type `Config` of lockstep',
  })
}

function unknownKey(name: string, parent: string, depth: number): ConfigError {
  const known = depth === 0 ? Object.keys(ConfigShape.shape) : ['level']
  const [near] = nearest(name, known)
  return new ConfigError({
    code: 'key-unknown',
    key: depth === 0 ? name : `${parent}.${name}`,
    message: 'there is no such setting',
    fix: near === undefined ? `remove it; the settings here are ${known.join(', ')}` : `did you mean \`${near}\`?`,
  })
}

function wrongFlow(key: string, flow: unknown): ConfigError {
  const issue = FlowShape.safeParse(flow).error?.issues[0]
  const part = issue?.path.length ? `: its \`${issue.path.join('.')}\` is not what a flow has` : ''
  const kind = typeof flow === 'object' && flow !== null && 'kind' in flow ? part : ''
  return new ConfigError({
    code: 'flow-invalid',
    key,
    message: `is ${describe(flow)}, not a flow${kind}`,
    fix: `give what one of the flow factories returns (${KINDS.join(', ')}), e.g. \`sync({ table: records, between: [a, b] })\``,
  })
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
}

/** The kind of a value, never the value: it may be a connection string. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value instanceof Promise) return 'a promise (is an `await` missing?)'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return 'a function (is a call missing?)'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
