import type { FlowEvent } from '../core/observer.js'

/** An observer that may be told what time it is, in ms since 1970: asking for it is much of what a batch costs. */
export type TimedObserver = (event: FlowEvent, nowMs?: number) => void

/** One observer that passes each event on to several, in their order, at one time; those that are not there are left out. */
export function fanOut(...given: readonly (TimedObserver | undefined)[]): TimedObserver {
  const observers = given.filter((observer) => observer !== undefined)
  return (event, nowMs = Date.now()) => {
    for (const observer of observers) observer(event, nowMs)
  }
}
