import type { z } from 'zod'
import { ConfigError } from '../core/errors.js'
import { AlertsShape, ConfigShape, FLOW_KINDS, FLOW_NAME, FlowShape, ServeShape } from './config-shape.js'
import { LOG_LEVELS } from './define-config.js'
import { nearest } from './nearest.js'

/** The first thing zod found, in words that name the cure. */
export function configProblem(error: z.ZodError, value: unknown): ConfigError {
  const issue = error.issues[0]
  if (issue === undefined) throw error
  const key = issue.path.map(String).join('.') || 'default'
  const unknown = unknownKeyIn(issue)
  if (unknown !== undefined) return unknownKey(unknown, key, issue.path.length)
  if (
    issue.code === 'invalid_key' ||
    (issue.path[0] === 'flows' && issue.path.length === 2 && !FLOW_NAME.test(String(issue.path[1])))
  ) {
    return new ConfigError({
      code: 'flow-name-invalid',
      key,
      message: 'is not a name for a flow',
      fix: 'start with a letter and use letters, digits, _ and - only, at most 63',
    })
  }
  if (key === 'flows') {
    return new ConfigError({
      code: 'flows-invalid',
      key,
      message: `is ${describe(at(value, issue.path))}, not an object of flows by their names`,
      fix: 'write `flows: { mirror: sync({ ... }) }`',
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
  if (issue.path[0] === 'alerts') return wrongAlerts(key, at(value, issue.path))
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

/** Also of what may be `false` or settings. */
function unknownKeyIn(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'unrecognized_keys') return issue.keys[0]
  if (issue.code !== 'invalid_union') return undefined
  const settings = issue.errors.flat().filter(({ path }) => path.length === 0)
  return settings.map(unknownKeyIn).find((key) => key !== undefined)
}

function wrongAlerts(key: string, given: unknown): ConfigError {
  if (key === 'alerts.to' || key.startsWith('alerts.to.')) {
    return new ConfigError({
      code: 'alerts-invalid',
      key,
      message: `is ${describe(given)}, nowhere that alerts can be sent to`,
      fix: "give what `webhook(url)` of 'lockstep/webhook' returns, or an array of them",
    })
  }
  return new ConfigError({
    code: 'alerts-invalid',
    key,
    message: 'is not what this setting can be',
    fix: 'numbers are whole and in ms, or counts; `false` turns a reason off; see `AlertSettings`',
  })
}

function unknownKey(name: string, parent: string, depth: number): ConfigError {
  const known = depth === 0 ? Object.keys(ConfigShape.shape) : (KNOWN[parent] ?? [])
  const [near] = nearest(name, known)
  return new ConfigError({
    code: 'key-unknown',
    key: depth === 0 ? name : `${parent}.${name}`,
    message: 'there is no such setting',
    fix: near === undefined ? `remove it; the settings here are ${known.join(', ')}` : `did you mean \`${near}\`?`,
  })
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  log: ['level'],
  alerts: Object.keys(AlertsShape.shape),
  'alerts.repeat': ['firstMs', 'maxMs'],
  serve: Object.keys(ServeShape.shape),
  eventLog: ['keepDays', 'keepRows'],
  traces: ['url', 'headers'],
}

function wrongFlow(key: string, flow: unknown): ConfigError {
  const issue = FlowShape.safeParse(flow).error?.issues[0]
  const part = issue?.path.length ? `: its \`${issue.path.join('.')}\` is not what a flow has` : ''
  const kind = typeof flow === 'object' && flow !== null && 'kind' in flow ? part : ''
  return new ConfigError({
    code: 'flow-invalid',
    key,
    message: `is ${describe(flow)}, not a flow${kind}`,
    fix: `give what one of the flow factories returns (${FLOW_KINDS.join(', ')}), e.g. \`sync({ table: records, between: [a, b] })\``,
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
