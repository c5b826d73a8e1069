import { type SQL, sql } from 'drizzle-orm'

const UTC = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,6})?)Z$/

/** ISO 8601 as a `datetime(6)` in UTC takes it, with all digits where it is in UTC already. */
export function mysqlMoment(iso: string): string {
  const [, date, time] = UTC.exec(iso) ?? []
  if (date !== undefined && time !== undefined) return `${date} ${time}`
  return new Date(iso).toISOString().replace('T', ' ').replace('Z', '')
}

/** A column as ISO 8601 with all six digits, as pages go on from this very moment. */
export function isoMoment(column: SQL): SQL {
  return sql`date_format(${column}, '%Y-%m-%dT%H:%i:%s.%fZ')`
}
