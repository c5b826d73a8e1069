import type { Row } from '../../core/table.js'

const TO_QUOTE = /[",\r\n]|^\s|\s$/

/** Without the line end. */
export function csvLine(row: Row): string {
  return row.map(field).join(',')
}

function field(value: string | null): string {
  if (value === null) return ''
  return value === '' || TO_QUOTE.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}
