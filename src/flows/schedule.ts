import { Cron } from 'croner'
import { z } from 'zod'
import { ConfigError } from '../core/errors.js'
import type { Schedule, ScheduleOptions } from '../core/schedule.js'

const Options = z.union([
  z.string().transform((cron) => ({ cron, timeZone: 'UTC' })),
  z.strictObject({ cron: z.string(), timeZone: z.string().default('UTC') }),
])

/** Given with the other options of a flow, and looked at by `parseSchedule`. */
export const ScheduleShape = z.custom<ScheduleOptions>().optional()

/** The schedule of a flow; `undefined` without one. `factory`: `feed`, for the key in a `ConfigError`. */
export function parseSchedule(options: ScheduleOptions | undefined, factory: string): Schedule | undefined {
  if (options === undefined) return undefined
  const key = `${factory}({ schedule })`
  const parsed = Options.safeParse(options)
  if (!parsed.success) throw invalid(key, 'is neither a cron expression nor { cron, timeZone }')
  const { cron, timeZone } = parsed.data
  if (!isTimeZone(timeZone)) {
    const fix = "use an IANA name, such as 'Europe/Vienna', or leave it out for UTC"
    throw new ConfigError({ code: 'schedule-invalid', key, message: `${timeZone} is no time zone`, fix })
  }
  const pattern = parse(cron, { key, timeZone })
  const schedule: Schedule = { cron, timeZone, next: (ms) => pattern.nextRun(new Date(ms))?.getTime() }
  if (schedule.next(Date.now()) === undefined) throw invalid(key, `'${cron}' is never due`)
  return schedule
}

function parse(cron: string, { key, timeZone }: { key: string; timeZone: string }): Cron {
  // A colon is in no cron expression; Cron would take a moment of time.
  if (cron.includes(':')) throw invalid(key, `'${cron}' is no cron expression`)
  try {
    return new Cron(cron, { paused: true, mode: '5-or-6-parts', timezone: timeZone })
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    throw invalid(key, `'${cron}' is no cron expression (${reason})`, error)
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

function invalid(key: string, message: string, cause?: unknown): ConfigError {
  const fix = "write minute, hour, day, month and day of the week, such as '*/15 * * * *' or '0 3 * * 1-5'"
  return new ConfigError({ code: 'schedule-invalid', key, message, fix, cause })
}
