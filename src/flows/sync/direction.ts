import type { Batch, Lane } from '../../core/batch.js'
import type { Database } from '../../core/database.js'
import type { FlowContext } from '../../core/flow.js'
import type { ChangeSource, ConflictRule, MirrorTable } from '../../core/mirror.js'
import type { FlowEvent, Observer } from '../../core/observer.js'
import type { Sink, WriteContext } from '../../core/sink.js'
import type { Row } from '../../core/table.js'
import { run } from '../../engine/run.js'
import { patientSink, patientSource } from '../withdrawn-rights.js'

/** A slow link needs time for a batch of some megabytes. */
const WRITE_DEADLINE_MS = 60_000

export interface End {
  readonly table: MirrorTable
  readonly database: Database
}

export interface DirectionOptions {
  readonly from: End
  readonly to: End
  readonly rule: ConflictRule
  /** Begin with all rows when no position is saved: the other side is empty. */
  readonly fill: boolean
  /** The source may have passed over rows: compare. */
  uncertain(): void
  /** Marks the direction in the lanes of events: `>` to the right, `<` to the left. */
  readonly mark: '>' | '<'
}

/** One way of a sync: the changes of a table, written to the other. A line of its own for the engine. */
export class Direction implements AsyncDisposable {
  readonly changes: ChangeSource
  readonly fill: boolean
  readonly #options: DirectionOptions
  readonly #context: FlowContext
  readonly #writers: Sink<Row>

  constructor(options: DirectionOptions, context: FlowContext) {
    this.#options = options
    this.fill = options.fill
    this.#context = context
    const { observer, name: flow } = context
    this.changes = options.from.table.changes({
      flow,
      from: options.fill ? 'beginning' : 'now',
      notice: (notice) => observer({ flow, type: 'notice', ...notice }),
      uncertain: () => options.uncertain(),
    })
    this.#writers = new WriterPerLane(() => writerOf(options.to.table, options.rule, context))
  }

  /** Runs until `drain` or `abort`. */
  async run({ drain, abort }: Pick<FlowContext, 'drain' | 'abort'>): Promise<void> {
    const { from, to, mark } = this.#options
    await run(
      {
        flow: this.#context.name,
        source: patientSource(this.changes),
        sink: patientSink(this.#writers),
        deadLetters: to.database.state.deadLetters,
        describe: (row) => describe(row, to.table),
        labels: { source: from.database.label, sink: to.database.label },
      },
      { drain, abort, observer: marked(this.#context.observer, mark), writeDeadlineMs: WRITE_DEADLINE_MS },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.changes[Symbol.asyncDispose](), this.#writers[Symbol.asyncDispose]()])
  }
}

/** A writer for one side that reports its conflicts. */
export function writerOf(table: MirrorTable, rule: ConflictRule, { name: flow, observer }: FlowContext): Sink<Row> {
  return table.writer({
    flow,
    rule,
    conflicts: (count, decision) => observer({ flow, type: 'conflicts', count, decision }),
  })
}

/** How a row that a side refuses is kept: by its key, and as JSON by column. */
export function describe(row: Row, { schema }: MirrorTable): { itemKey: string; payload: string } {
  const entries = schema.columns.map(({ name }, index) => [name, row[index] ?? null] as const)
  const values = new Map(entries)
  return {
    itemKey: JSON.stringify(schema.key.map((name) => values.get(name) ?? null)),
    payload: JSON.stringify(Object.fromEntries(entries)),
  }
}

/** Gives each lane a writer, and so a connection, of its own: a large batch of the sweep does not hold up the tail. */
class WriterPerLane implements Sink<Row> {
  readonly #create: () => Sink<Row>
  readonly #writers = new Map<Lane, Sink<Row>>()
  readonly #first: Sink<Row>

  constructor(create: () => Sink<Row>) {
    this.#create = create
    this.#first = create()
  }

  get checkpoints(): NonNullable<Sink<Row>['checkpoints']> {
    const { checkpoints } = this.#first
    if (checkpoints === undefined) throw new TypeError('a mirror writer saves positions with its rows')
    return checkpoints
  }

  write(batch: Batch<Row>, context: WriteContext): Promise<void> {
    return this.#of(batch.lane).write(batch, context)
  }

  probe(items: Batch<Row>['items'], context: WriteContext): Promise<void> {
    return this.#first.probe?.(items, context) ?? Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#first, ...this.#writers.values()].map((writer) => writer[Symbol.asyncDispose]()))
  }

  #of(lane: Lane): Sink<Row> {
    const writer = this.#writers.get(lane) ?? this.#create()
    this.#writers.set(lane, writer)
    return writer
  }
}

function marked(observer: Observer, mark: string): Observer {
  return (event: FlowEvent) => observer('lane' in event ? { ...event, lane: `${mark} ${event.lane}` } : event)
}
