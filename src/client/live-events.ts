import { problemOf } from './problem-error.js'
import type { LiveEvent } from './wire/server.js'

export interface LiveOptions {
  readonly signal?: AbortSignal
  /** Of the last event that was seen. */
  readonly lastEventId?: string | undefined
}

export type ReceivedEvent = LiveEvent & { readonly id: string }

/** One connection's events until it ends. By `fetch`, as an `EventSource` cannot send a token. */
export async function* readEvents(
  open: (headers: Record<string, string>) => Promise<Response>,
  lastEventId: string | undefined,
): AsyncGenerator<ReceivedEvent> {
  const answer = await open({
    accept: 'text/event-stream',
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  })
  if (!answer.ok || answer.body === null) throw await problemOf(answer)
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const parts = (rest + value).split('\n\n')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        const event = parseEvent(part)
        if (event !== undefined) yield event
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function parseEvent(text: string): ReceivedEvent | undefined {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ')
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 2))
  }
  const type = fields.get('event')
  const data = fields.get('data')
  if (data === undefined || (type !== 'flows' && type !== 'happening' && type !== 'reset')) return undefined
  return { ...JSON.parse(data), type, id: fields.get('id') ?? '' }
}
