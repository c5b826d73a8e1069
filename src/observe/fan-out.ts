import type { Observer } from '../core/observer.js'

/** One observer that passes each event on to several, in their order. */
export function fanOut(...observers: readonly Observer[]): Observer {
  return (event) => {
    for (const observer of observers) observer(event)
  }
}
