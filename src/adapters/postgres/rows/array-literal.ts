const QUOTE = 34
const BACKSLASH = 92
const BRACE = 123

/**
 * The elements of a one-dimensional array as PostgreSQL prints it: `{1,NULL,"a \"b\""}`. One pass over the text; the
 * package `postgres-array` looks for the next backslash at every quoted element, which is quadratic without one.
 * Bounds (`[0:1]={...}`) are skipped. A nested array throws: such columns travel as the text of each value.
 */
export function parseArrayLiteral(literal: string): (string | null)[] {
  const elements: (string | null)[] = []
  const end = literal.length - 1
  let at = literal.startsWith('[') ? literal.indexOf('=') + 2 : 1
  while (at < end) {
    const code = literal.charCodeAt(at)
    if (code === BRACE) throw new TypeError('a nested array literal has no single element per row')
    const close = code === QUOTE ? closingQuote(literal, at + 1) : closingComma(literal, at)
    elements.push(code === QUOTE ? unescapeElement(literal.slice(at + 1, close)) : bare(literal.slice(at, close)))
    at = code === QUOTE ? close + 2 : close + 1
  }
  return elements
}

/** The literal that PostgreSQL reads back as exactly these elements. */
export function formatArrayLiteral(elements: Iterable<string | null>): string {
  const parts: string[] = []
  for (const element of elements) parts.push(element === null ? 'NULL' : `"${escapeElement(element)}"`)
  return `{${parts.join(',')}}`
}

function closingQuote(literal: string, from: number): number {
  for (let at = from; at < literal.length; at++) {
    const code = literal.charCodeAt(at)
    if (code === QUOTE) return at
    if (code === BACKSLASH) at++
  }
  throw new TypeError('an array literal ends inside a quoted element')
}

function closingComma(literal: string, from: number): number {
  const comma = literal.indexOf(',', from)
  return comma === -1 ? literal.length - 1 : comma
}

function bare(text: string): string | null {
  return text === 'NULL' ? null : text
}

function unescapeElement(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\(.)/gs, '$1') : text
}

function escapeElement(text: string): string {
  return text.includes('"') || text.includes('\\') ? text.replaceAll(/["\\]/g, '\\$&') : text
}
