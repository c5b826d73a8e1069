const UTC = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,6})?)Z$/

/** ISO 8601 as a `datetime(6)` in UTC takes it, with all digits where it is in UTC already. */
export function mysqlMoment(iso: string): string {
  const [, date, time] = UTC.exec(iso) ?? []
  if (date !== undefined && time !== undefined) return `${date} ${time}`
  return new Date(iso).toISOString().replace('T', ' ').replace('Z', '')
}
