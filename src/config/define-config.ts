import type { AlertSettings } from '../core/alert.js'
import type { Database } from '../core/database.js'
import type { Flow } from '../core/flow.js'
import type { Secret } from '../core/secret.js'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What `lockstep.config.ts` exports as its default. */
export interface Config {
  /**
   * The flows by name. A name appears in logs, on the command line and in the state tables, where it stands for the
   * flow's saved positions: renaming a flow starts it anew.
   */
  readonly flows: Readonly<Record<string, Flow>>
  /**
   * Where flows that write to no database (`check`, `feed`) keep how they stand. Default: nowhere, as they only read.
   * Other flows keep their state in their own first database.
   */
  readonly state?: Database
  /** When people are told that something is wrong, and where; each flow may say otherwise with its own `alert`. */
  readonly alerts?: AlertSettings
  /**
   * Failures and changes of state of each flow are kept in the database of its state, where it has one; shown by
   * `lockstep events` and the API. `false`: nothing is kept.
   */
  readonly eventLog?: EventLogSettings | false
  /**
   * OpenTelemetry: where spans go, unless this process has registered an SDK of its own. Default: where
   * `OTEL_EXPORTER_OTLP_ENDPOINT` says; without that nowhere. `false`: none are made.
   */
  readonly traces?: TraceSettings | false
  readonly log?: {
    /** Default `info`. `--log-level` on the command line wins. */
    readonly level?: LogLevel
  }
  /** The HTTP API of `lockstep serve` and `lockstep run --serve`. */
  readonly serve?: ServeSettings
}

export interface EventLogSettings {
  /** Default 30. */
  readonly keepDays?: number
  /** Of each flow, the newest. Default 10,000. */
  readonly keepRows?: number
}

export interface TraceSettings {
  /** Of OTLP over HTTP: `http://collector:4318/v1/traces`. Default: what the environment says. */
  readonly url?: string
  /** Sent with each request: `{ authorization: env('OTLP_TOKEN') }`. */
  readonly headers?: Readonly<Record<string, string | Secret>>
}

export interface ServeSettings {
  /** `host:port` or a port. Default `127.0.0.1:4680`. What stands behind `--serve` or `--listen` wins. */
  readonly listen?: string
  /**
   * What clients must send as `Authorization: Bearer`; at least 16 characters. Default LOCKSTEP_TOKEN. Without one the
   * server listens on this machine only.
   */
  readonly token?: string | Secret
  /** Names besides `localhost` and addresses by which the server may be called: `['lockstep.example.com']`. */
  readonly names?: readonly string[]
  /** Shows everything and changes nothing. Default `false`. */
  readonly readOnly?: boolean
}

/** Types the config; nothing is opened or checked before the command line loads the file. */
export function defineConfig(config: Config): Config {
  return config
}
