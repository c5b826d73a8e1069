import type { Database } from '../core/database.js'
import type { Flow } from '../core/flow.js'

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
  readonly log?: {
    /** Default `info`. `--log-level` on the command line wins. */
    readonly level?: LogLevel
  }
}

/** Types the config; nothing is opened or checked before the command line loads the file. */
export function defineConfig(config: Config): Config {
  return config
}
