const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?: (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)?$/

/** Whether a canonical text is a day or a moment that every database has: no `0000-00-00`, `infinity` or 30 February. */
export function isCalendarText(text: string): boolean {
  const [found, year = '', month = '', day = ''] = MOMENT.exec(text) ?? []
  if (found === undefined || Number(year) < 1) return false
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day)
}
