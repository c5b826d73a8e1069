import type { EmbeddedServer } from '../src/embedded/server.js'
import type { Measurement } from './measurement.js'

export interface BenchContext {
  /** `--rows`; a scenario has its own default. */
  readonly rows: number | undefined
  /** Two servers of this scenario's own, stopped when it ends; the settings are as in postgresql.conf. */
  startPair(
    settings?: Readonly<Record<string, string>>,
  ): Promise<{ readonly a: EmbeddedServer; readonly b: EmbeddedServer }>
  /** Tells on stderr what is going on. */
  say(text: string): void
  readonly signal: AbortSignal
}

export interface Scenario {
  readonly name: string
  /** Does not run when all do. */
  readonly onlyNamed?: boolean
  run(context: BenchContext): Promise<readonly Measurement[]>
}
