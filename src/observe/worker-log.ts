import type { Logger } from 'pino'
import type { ServeEvent } from '../core/distribute.js'
import { OTHER_EVENTS } from './events/vocabulary.js'

/** Writes what a worker tells of itself, a line each. */
export function workerLog(logger: Logger): (event: ServeEvent) => void {
  return (told) => {
    const event = `worker.${told.type}` as const
    const { type, ...fields } = told
    logger[OTHER_EVENTS[event]]({ event, ...fields }, WORDS[type])
  }
}

const WORDS: Readonly<Record<ServeEvent['type'], string>> = {
  taken: 'took a range',
  done: 'the range is done',
  returned: 'gave the range back',
  lost: 'the range is not ours any more: it was given to another worker, or its run was ended',
  failed: 'the range failed',
  refused:
    'the config of the coordinator says something else of this flow, so this worker does none of its ranges: give all the same config and version',
  unavailable: 'the queue cannot be reached; trying again',
}
