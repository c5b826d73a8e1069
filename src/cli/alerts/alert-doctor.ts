import type { Config } from '../../config/define-config.js'
import type { NamedFlow } from '../../config/select-flows.js'
import type { AlertSink } from '../../core/alert.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import { LockstepError } from '../../core/errors.js'
import { rulesOf, sinksOf } from '../../observe/alerts/rules.js'
import { stateOf } from '../open-config.js'
import { within } from '../within.js'

const DEADLINE_MS = 20_000

/** Whether alerts would arrive. Flows share places, and each is asked once. */
export class AlertDoctor {
  readonly #config: Config
  readonly #asked = new Map<AlertSink, Promise<readonly Diagnosis[]>>()

  constructor(config: Config) {
    this.#config = config
  }

  async diagnose(named: NamedFlow): Promise<readonly Diagnosis[]> {
    const sinks = sinksOf(this.#config.alerts, named.flow.alert)
    if (sinks.length === 0) return []
    const places = await Promise.all(sinks.map((sink) => this.#ask(sink)))
    return [...places.flat(), ...this.#unkept(named), ...this.#uncounted(named)]
  }

  #ask(sink: AlertSink): Promise<readonly Diagnosis[]> {
    const known = this.#asked.get(sink) ?? ask(sink)
    this.#asked.set(sink, known)
    return known
  }

  #unkept(named: NamedFlow): readonly Diagnosis[] {
    if (stateOf(this.#config, named) !== undefined) return []
    const message =
      'what was told is forgotten with each process, so that each one tells it again and none tells that it is over'
    return [
      { level: 'warn', subject: `alerts of ${named.name}`, message, fix: 'name a database: `state` of the config' },
    ]
  }

  #uncounted({ name, flow }: NamedFlow): readonly Diagnosis[] {
    const counts = flow.kind === 'ingest' || flow.kind === 'relay' || flow.kind === 'sync'
    const { deadLettersAbove } = rulesOf(this.#config.alerts, flow.alert)
    if (!counts || deadLettersAbove === undefined || (flow.deadLetters ?? []).length > 0) return []
    const message = 'its dead letters go where nobody can count them, so there are no alerts of them'
    const fix = 'leave `deadLetters` of the flow out, so that they are kept in its database'
    return [{ level: 'warn', subject: `alerts of ${name}`, message, fix }]
  }
}

async function ask(sink: AlertSink): Promise<readonly Diagnosis[]> {
  try {
    return await within(DEADLINE_MS, sink.label, (signal) => sink.diagnose(signal))
  } catch (error) {
    const message = error instanceof LockstepError ? error.message : 'cannot be asked'
    return [{ level: 'warn', subject: sink.label, message }]
  }
}
