import type { LogRecord } from './log-record.js'

export interface Expression {
  getRegex(): string
  getPrefixList(): readonly string[]
}

/** `FilterOptions` of both services. */
export interface FilterOptions {
  getEventType(): Expression | undefined
  getStreamIdentifier(): Expression | undefined
}

export type Filter = (record: LogRecord) => boolean

export function filterOf(options: FilterOptions | undefined): Filter {
  const types = options?.getEventType()
  const streams = options?.getStreamIdentifier()
  if (types !== undefined) {
    const matches = matcher(types)
    return ({ type }) => matches(type)
  }
  if (streams !== undefined) {
    const matches = matcher(streams)
    return ({ stream }) => matches(stream)
  }
  return () => true
}

function matcher(expression: Expression): (text: string) => boolean {
  const prefixes = expression.getPrefixList()
  if (prefixes.length > 0) return (text) => prefixes.some((prefix) => text.startsWith(prefix))
  const regex = new RegExp(expression.getRegex())
  return (text) => regex.test(text)
}
