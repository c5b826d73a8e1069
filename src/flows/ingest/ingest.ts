import type { Database, TableRef } from '../../core/database.js'
import type { DeadLetterStore } from '../../core/dead-letter.js'
import { describeOptions } from '../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { Flow, FlowContext } from '../../core/flow.js'
import { parseAlert } from '../alert.js'
import { diagnoseIngest } from './diagnose-ingest.js'
import { type IngestSettings, ingestSettings } from './ingest-settings.js'
import type { IfExact, Into, Mapped } from './mapped.js'
import type { PlainIngestOptions, RoutedIngestOptions } from './options.js'
import { replayIngest, runIngest } from './run-ingest.js'

/**
 * Reads a stream into tables: each message is decoded, validated and mapped to rows, which are inserted or, where they are
 * newer, updated. What cannot be stored becomes a dead letter; what is not stored is not acknowledged.
 *
 * Throws `ConfigError` for options that are wrong or do not go together.
 */
export function ingest<Tables extends Into, Answer extends Mapped<Tables>, Schema = undefined>(
  options: PlainIngestOptions<Tables, Answer, Schema>,
): Flow
export function ingest<Tables extends Into, Schemas, Routes>(
  options: RoutedIngestOptions<Tables, Schemas, Routes>,
): IfExact<Routes, Tables, Flow>
export function ingest(options: object): Flow {
  return new IngestFlow(ingestSettings(options))
}

class IngestFlow implements Flow {
  readonly kind = 'ingest'
  readonly databases: readonly Database[]
  readonly tables: readonly TableRef[]
  readonly deadLetters?: readonly DeadLetterStore[]
  readonly replay?: NonNullable<Flow['replay']>
  readonly alert: Flow['alert']
  readonly #settings: IngestSettings

  constructor(settings: IngestSettings) {
    this.#settings = settings
    this.alert = parseAlert(settings.alert, 'stream', 'ingest')
    this.databases = [settings.destination.database]
    this.tables = settings.destination.tables
    const { letters } = settings
    if (letters.kind === 'target') return
    const { store } = letters
    this.deadLetters = [store]
    this.replay = (filter, context) => replayIngest(settings, store, { filter, context })
  }

  run(context: FlowContext): Promise<void> {
    return runIngest(this.#settings, context)
  }

  describe(): unknown {
    return describeOptions(this.#settings)
  }

  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseIngest(this.#settings, signal)
  }

  grants(role: string, signal: AbortSignal): Promise<readonly GrantList[]> {
    return Promise.all(this.tables.map((table) => table.grants('upsert', role, signal)))
  }
}
