import { pino } from 'pino'
import type { LogLevel } from '../../config/define-config.js'
import type { Observer } from '../../core/observer.js'

export interface LogOptions {
  readonly level: LogLevel
  readonly write: (line: string) => void
}

export function openLog({ level, write }: LogOptions): Observer {
  const log = pino({ level }, { write: (line: string) => write(line.trimEnd()) })
  return (event) => log.info(event, event.type)
}
