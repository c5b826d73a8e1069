import { setTimeout as delay } from 'node:timers/promises'
import { UnavailableError } from '../../core/errors.js'
import type { Program } from './program.js'
import type { Stage } from './stage.js'

const LOOK_MS = 100

/**
 * Asks until it is so or `deadlineMs` have passed; answers whether it is. Throws when the demo ends, and when the flow does,
 * as it runs until it is told to stop.
 */
export async function settled(
  { ended }: Stage,
  flow: { readonly name: string; readonly program: Program },
  wait: { readonly deadlineMs: number; isSo(): Promise<boolean> },
): Promise<boolean> {
  const died = flow.program.ended.then(({ exitCode, log }) => {
    const how = exitCode === null ? 'a signal' : `exit code ${exitCode}`
    throw new UnavailableError('demo-process-ended', `${flow.name} ended with ${how}; it said:\n${log}`)
  })
  // Whoever loses the race must not count as unhandled.
  died.catch(() => undefined)
  const deadline = performance.now() + wait.deadlineMs
  for (;;) {
    ended.throwIfAborted()
    if (await Promise.race([wait.isSo(), died])) return true
    if (performance.now() > deadline) return false
    await delay(LOOK_MS)
  }
}
