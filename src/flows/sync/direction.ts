import type { Batch, Lane } from '../../core/batch.js'
import type { Database } from '../../core/database.js'
import type { FlowContext } from '../../core/flow.js'
import type { ChangeSource, ConflictRule, KeyLane, MirrorTable } from '../../core/mirror.js'
import type { Sink, WriteContext } from '../../core/sink.js'
import type { Row } from '../../core/table.js'
import { fencedSink, leasedLetters } from '../../engine/lease/fenced-sink.js'
import type { LeasedContext } from '../../engine/lease/leased.js'
import { run } from '../../engine/run.js'
import { patientSink, patientSource } from '../withdrawn-rights.js'
import { type DirectionName, lanesNamed, marked } from './direction-name.js'

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
  /** Names the direction in its lanes. */
  readonly name: DirectionName
  /** Only changes of these keys; left out: of all. */
  readonly lanes?: readonly KeyLane[] | undefined
}

/** One way of a sync: the changes of a table, written to the other. A line of its own for the engine. */
export class Direction implements AsyncDisposable {
  readonly changes: ChangeSource
  readonly fill: boolean
  readonly #options: DirectionOptions
  readonly #context: LeasedContext
  readonly #writers: Sink<Row>

  constructor(options: DirectionOptions, context: LeasedContext) {
    this.#options = options
    this.fill = options.fill
    this.#context = context
    const { observer, name: flow } = context
    this.changes = options.from.table.changes({
      flow,
      from: options.fill ? 'beginning' : 'now',
      ...(options.lanes && { lanes: options.lanes }),
      notice: (notice) => observer({ flow, type: 'notice', ...notice }),
      uncertain: () => options.uncertain(),
    })
    this.#writers = new WriterPerLane(() => writerOf(options.to.table, options.rule, context))
  }

  /** Runs until `drain` or `abort`. */
  async run({ drain, abort }: Pick<FlowContext, 'drain' | 'abort'>): Promise<void> {
    const { from, to, name } = this.#options
    await run(
      {
        flow: this.#context.name,
        source: patientSource(lanesNamed(this.changes, name)),
        sink: patientSink(this.#writers),
        deadLetters: leasedLetters(to.database.state.deadLetters, this.#context.lease),
        describe: (row) => describe(row, to.table),
        labels: { source: from.database.label, sink: to.database.label },
      },
      { drain, abort, observer: marked(this.#context.observer, name), writeDeadlineMs: WRITE_DEADLINE_MS },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.changes[Symbol.asyncDispose](), this.#writers[Symbol.asyncDispose]()])
  }
}

/** A writer for one side, under the lease of the flow, that reports its conflicts. */
export function writerOf(table: MirrorTable, rule: ConflictRule, context: LeasedContext): Sink<Row> {
  const { name: flow, observer, lease } = context
  const conflicts = (count: number, decision: string): void => observer({ flow, type: 'conflicts', count, decision })
  return fencedSink(table.writer({ flow, rule, conflicts }), lease)
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
    // Where lanes of keys have positions of their own these are small, and one writer does for them all.
    const kind = lane.replace(/ \d+\/\d+$/, '')
    const writer = this.#writers.get(kind) ?? this.#create()
    this.#writers.set(kind, writer)
    return writer
  }
}
