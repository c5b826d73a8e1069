import type { Database } from '../../core/database.js'
import type { DeadLetterStore } from '../../core/dead-letter.js'
import { describeOptions } from '../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { LockstepError } from '../../core/errors.js'
import type { Flow, FlowContext } from '../../core/flow.js'
import { parseAlert } from '../alert.js'
import { parseOptions, type RelayOptions, type RelaySettings } from './options.js'
import { replayRelay, runRelay } from './run-relay.js'

/**
 * Passes the messages of a stream on to a topic, each at least once and in order within its key: an event store into
 * Kafka, say, for readers that the store should not carry. How far it is is saved in `state` once the messages are
 * durable; a relay that is killed between the two writes some of them again. Where the stream is of one reader, one instance
 * runs, by a lease in `state`; one that was frozen beyond it may send the batch it was at once more. Each message carries where it is from in
 * headers: `lockstep-id` (the same for every copy), `lockstep-stream`, `lockstep-revision`, `lockstep-type`,
 * `lockstep-time`, `lockstep-metadata`; `kafka()` gives messages with them their old id, type, stream and revision back.
 *
 * What the target refuses for what it is (too large) becomes a dead letter in `state`. Throws `ConfigError` for options
 * that are wrong.
 */
export function relay(options: RelayOptions): Flow {
  return new RelayFlow(parseOptions(options))
}

class RelayFlow implements Flow {
  readonly kind = 'relay'
  readonly databases: readonly Database[]
  readonly deadLetters: readonly DeadLetterStore[]
  readonly alert: Flow['alert']
  readonly #settings: RelaySettings

  constructor(settings: RelaySettings) {
    this.#settings = settings
    this.alert = parseAlert(settings.alert, 'stream', 'relay')
    this.databases = [settings.state]
    this.deadLetters = [settings.state.state.deadLetters]
  }

  run(context: FlowContext): Promise<void> {
    return runRelay(this.#settings, context)
  }

  replay: NonNullable<Flow['replay']> = (filter, context) => replayRelay(this.#settings, { filter, context })

  describe(): unknown {
    return describeOptions(this.#settings)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { from, to, state } = this.#settings
    const found = await Promise.all([from.diagnose(signal), to.diagnose(signal), diagnoseState(state, signal)])
    return found.flat()
  }

  /** It has no table of its own; what a database's state takes is told by the flows that have one. */
  async grants(): Promise<readonly GrantList[]> {
    return []
  }
}

async function diagnoseState(state: Database, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  try {
    const { version, readOnly } = await state.identify(signal)
    const subject = state.label
    return readOnly
      ? [{ level: 'error', subject, message: 'nothing can be written here, so no position can be saved' }]
      : [{ level: 'ok', subject, message: `keeps the positions of the relay (${version})` }]
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error
    return [{ level: 'error', subject: state.label, message: error.message }]
  }
}
