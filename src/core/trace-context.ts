/** W3C trace context, and the names under which Google's clients and KurrentDB's carry it. */
const NAMES = ['traceparent', 'googclient_traceparent', '$traceparent'] as const

/** The trace context in a message's headers, as it came; `undefined` where there is none. */
export function traceparentOf(headers: Readonly<Record<string, string>>): string | undefined {
  for (const name of NAMES) if (headers[name] !== undefined) return headers[name]
  return undefined
}
