import type { LogLevel } from '../../config/define-config.js'
import type { TimedObserver } from '../../observe/fan-out.js'
import { logObserver } from '../../observe/log-observer.js'
import { createLogger } from '../../observe/logger.js'

export interface LogOptions {
  readonly level: LogLevel
  /** Takes a line without its end. */
  readonly write: (line: string) => void
}

/** The log of a command, as an observer of its flows. */
export function openLog({ level, write }: LogOptions): TimedObserver {
  return logObserver(createLogger(level, { write: (line) => write(line.trimEnd()) }))
}
