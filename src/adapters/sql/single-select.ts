import { ConfigError } from '../../core/errors.js'

/** What SQL texts of an engine may have besides quotes and comments that all have. */
export interface Lexicon {
  /** A backslash in a string takes the next character with it. */
  readonly backslash: boolean
  /** `$tag$ ... $tag$` is a string. */
  readonly dollar: boolean
  /** `#` begins a comment. */
  readonly hash: boolean
}

/**
 * The query without a semicolon at its end, to be put in parentheses. Throws a `ConfigError` when it is not one SELECT:
 * nothing else belongs there, and a second statement could end the read-only transaction.
 */
export function singleSelect(query: string, lexicon: Lexicon, where: { readonly label: string }): string {
  const text = query.trim().replace(/;\s*$/, '')
  const code = withoutQuoted(text, lexicon)
  if (code !== undefined && !code.includes(';') && /^[\s(]*(select|with|values)\b/i.test(code)) return text
  throw new ConfigError({
    code: 'query-invalid',
    key: 'query',
    message: `this is not a single SELECT: ${JSON.stringify(text.slice(0, 60))} (${where.label})`,
    fix: 'write one SELECT (or WITH ... SELECT); it is only read, and goes into parentheses',
  })
}

/** The text with strings, quoted names and comments blanked; `undefined` when one of them does not end. */
function withoutQuoted(text: string, lexicon: Lexicon): string | undefined {
  let code = ''
  for (let at = 0; at < text.length; ) {
    const end = endOfQuoted(text, at, lexicon)
    if (end === -1) return undefined
    code += end === at ? text[at] : ' '
    at = Math.max(end, at + 1)
  }
  return code
}

/** Where what is quoted from `at` on ends; `at` when nothing is, -1 when it does not end. */
function endOfQuoted(text: string, at: number, { backslash, dollar, hash }: Lexicon): number {
  const character = text[at] ?? ''
  if (character === "'" || character === '"' || character === '`') {
    const before = text.slice(Math.max(0, at - 2), at)
    const escapes = character !== '`' && (backslash || (character === "'" && dollar && /(^|\W)e$/i.test(before)))
    return endOfQuotes(text, at, escapes)
  }
  if (text.startsWith('--', at) || (hash && character === '#')) {
    const end = text.indexOf('\n', at)
    return end === -1 ? text.length : end
  }
  if (text.startsWith('/*', at)) return after(text, '*/', at + 2)
  if (!dollar || character !== '$' || /\w/.test(text[at - 1] ?? '')) return at
  const [tag] = /^\$(?:[a-z_]\w*)?\$/i.exec(text.slice(at)) ?? []
  return tag === undefined ? at : after(text, tag, at + tag.length)
}

/** A quote that is doubled does not end it. */
function endOfQuotes(text: string, from: number, escapes: boolean): number {
  const quote = text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (escapes && text[at] === '\\') at++
    else if (text[at] === quote && text[at + 1] === quote) at++
    else if (text[at] === quote) return at + 1
  }
  return -1
}

function after(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from)
  return found === -1 ? -1 : found + end.length
}
