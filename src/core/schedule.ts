/** When a flow is due under `lockstep run`. The flow's factory has checked it. */
export interface Schedule {
  /** As given in the config. */
  readonly cron: string
  /** IANA name. */
  readonly timeZone: string
  /** The first due time after `ms` (since 1970); `undefined` when there is none any more. */
  next(ms: number): number | undefined
}

/** A cron expression in UTC, or one with the time zone in which it is read. */
export type ScheduleOptions = string | { readonly cron: string; readonly timeZone?: string }
