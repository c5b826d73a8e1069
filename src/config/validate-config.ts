import type { z } from 'zod'
import type { AlertSettings } from '../core/alert.js'
import { ConfigError } from '../core/errors.js'
import type { Flow } from '../core/flow.js'
import { configProblem } from './config-problem.js'
import { ConfigShape, type EventLogShape, type ServeShape, type TracesShape } from './config-shape.js'
import type { Config, EventLogSettings, ServeSettings, TraceSettings } from './define-config.js'

/** The config in `file`, or a `ConfigError` for the first thing that is wrong with it. */
export function validateConfig(value: unknown, file: string): Config {
  if (!hasFlows(value)) throw noDefaultExport(value, file)
  const parsed = ConfigShape.safeParse(value)
  if (!parsed.success) throw configProblem(parsed.error, value)
  const { flows, state, alerts, eventLog, log, serve, traces } = parsed.data
  refuseEmptyAndShared(flows, file)
  refuseAlertsToNowhere(flows, alerts)
  return {
    flows,
    ...(alerts === undefined ? {} : { alerts }),
    ...(state === undefined ? {} : { state }),
    ...(eventLog === undefined ? {} : { eventLog: eventLogOf(eventLog) }),
    ...(traces === undefined ? {} : { traces: tracesOf(traces) }),
    ...(log?.level === undefined ? {} : { log: { level: log.level } }),
    ...(serve === undefined ? {} : { serve: serveOf(serve) }),
  }
}

/** Without the keys that say nothing. */
function serveOf({ listen, token, names, readOnly }: z.output<typeof ServeShape>): ServeSettings {
  return {
    ...(listen === undefined ? {} : { listen }),
    ...(token === undefined ? {} : { token }),
    ...(names === undefined ? {} : { names }),
    ...(readOnly === undefined ? {} : { readOnly }),
  }
}

function eventLogOf(given: z.output<typeof EventLogShape>): EventLogSettings | false {
  if (given === false) return false
  const { keepDays, keepRows } = given
  return { ...(keepDays === undefined ? {} : { keepDays }), ...(keepRows === undefined ? {} : { keepRows }) }
}

function tracesOf(given: z.output<typeof TracesShape>): TraceSettings | false {
  if (given === false) return false
  const { url, headers } = given
  return { ...(url === undefined ? {} : { url }), ...(headers === undefined ? {} : { headers }) }
}

/** A flow that is to alert, and no place to do so: whoever wrote that believes to be told. */
function refuseAlertsToNowhere(flows: Readonly<Record<string, Flow>>, alerts: AlertSettings | undefined): void {
  const [name] = Object.entries(flows).find(([, { alert }]) => alert?.on === true && alert.to === undefined) ?? []
  if (alerts?.to !== undefined || (name === undefined && alerts === undefined)) return
  throw new ConfigError({
    code: 'alert-without-place',
    key: name === undefined ? 'alerts.to' : `flows.${name}`,
    message: name === undefined ? 'is missing' : 'has an `alert` that names no place, and the config names none either',
    fix: "name one: `alerts: { to: webhook(env('ALERT_URL')) }`",
  })
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
