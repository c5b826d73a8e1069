import type { FlowContext } from '../../core/flow.js'
import type { FlowEvent } from '../../core/observer.js'
import { link } from '../../engine/link.js'
import type { Outcome } from '../../engine/run.js'
import type { HeldLetters } from './held-letters.js'
import { ORPHAN } from './ingest-line.js'

/**
 * Runs the main line, and beside it the passes over held letters, which end with it. What ends the passes with an error
 * ends the main line. A main line that came to the end of its stream is followed by last passes.
 */
export async function besideMain(
  held: HeldLetters,
  main: (context: FlowContext) => Promise<Outcome>,
  context: FlowContext,
): Promise<void> {
  const drain = new AbortController()
  const abort = new AbortController()
  using _drain = link(drain, context.drain)
  using _abort = link(abort, context.abort)
  const beside: FlowContext = { ...context, abort: abort.signal }
  const failure: { error?: unknown } = {}
  const passes = held.run({ ...beside, drain: drain.signal }).catch((error: unknown) => {
    failure.error = error
    abort.abort(error)
  })
  const observer = (event: FlowEvent): void => {
    context.observer(event)
    if (event.type === 'batch' && event.items > 0) held.stored()
  }
  let outcome: Outcome
  try {
    outcome = await main({ ...beside, observer })
  } finally {
    drain.abort()
    await passes
  }
  if ('error' in failure) throw failure.error
  if (outcome === 'finished' || outcome === 'caught-up') await held.finish(beside)
}

/** For trying held letters: the main line has told of each once, and that it is still held is no news. */
export function quietly(context: FlowContext): FlowContext {
  const { observer } = context
  return {
    ...context,
    observer: (event) => {
      const { type } = event
      if (type === 'batch' || type === 'checkpoint' || type === 'draining') return
      if (type === 'dead-letters' && event.code === ORPHAN) return
      observer(event)
    },
  }
}
