/** The JSON of a text. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** JSON that was stored as a text: line ends are spaces between its tokens, and may be no others. */
export function storedJson(text: string): string {
  return LINE_END.test(text) ? text.replace(/[\r\n]/g, ' ') : text
}

/** A number as JSON; what is none (`NaN`, `Infinity`) as text. */
export function jsonNumber(text: string): string {
  return NUMBER.test(text) ? text : JSON.stringify(text)
}

const PLAIN = /^[ !#-[\]-~]*$/
const LINE_END = /[\r\n]/
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
