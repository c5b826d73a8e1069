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
  readonly log?: {
    /** Default `info`. `--log-level` on the command line wins. */
    readonly level?: LogLevel
  }
  /** The HTTP API of `lockstep serve` and `lockstep run --serve`. */
  readonly serve?: ServeSettings
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
