/** A piece of HTML: text that has been escaped, or was written here. Only `html` makes it. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Part = Markup | string | number | undefined | readonly Part[]

/** A template in which every value that is no `Markup` is escaped, for an element's text or a quoted attribute. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    texts.reduce((all, text, index) => `${all}${index === 0 ? '' : textOf(parts[index - 1])}${text}`, ''),
  )
}

function textOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.text
  if (Array.isArray(part)) return part.map(textOf).join('')
  return escaped(String(part))
}

function escaped(text: string): string {
  return text
    .replace(UNSEEN, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16) ?? ''}}`)
    .replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** What would hide text, turn its direction round, or not be allowed in HTML. Ends of lines may stay. */
const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]|(?![\t\n])\p{Cc}/gu
