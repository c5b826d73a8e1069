/** A line of RFC 4180, without its end. What a spreadsheet would take for a formula begins with an apostrophe. */
export function csvLine(cells: readonly (string | null | undefined)[]): string {
  return cells.map((cell) => quoted(harmless(cell ?? ''))).join(',')
}

/** Also after blanks, which spreadsheets pass over. */
const FORMULA = /^\s*[=+\-@\t\r]/
const NUMBER = /^[+-]?\d+(\.\d+)?$/

function harmless(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
