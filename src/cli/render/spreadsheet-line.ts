import { csvLine } from '../../flows/feed/csv-text.js'

/** A line of RFC 4180, without its end. What a spreadsheet would take for a formula begins with an apostrophe. */
export function spreadsheetLine(cells: readonly (string | null | undefined)[]): string {
  return csvLine(cells.map((cell) => (cell === undefined || cell === '' ? null : cell && harmless(cell))))
}

/** Also after blanks, which spreadsheets pass over. */
const FORMULA = /^\s*[=+\-@\t\r]/
const NUMBER = /^[+-]?\d+(\.\d+)?$/

function harmless(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
}
