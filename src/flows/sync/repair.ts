import { compare } from '../../compare/compare.js'
import { repairRows } from '../../compare/repair.js'
import type { Batch, Items } from '../../core/batch.js'
import type { Difference } from '../../core/difference.js'
import { failpoint } from '../../core/failpoint.js'
import type { Sink, WriteContext } from '../../core/sink.js'
import type { Bucket, Row } from '../../core/table.js'
import { leasedLetters } from '../../engine/lease/fenced-sink.js'
import type { LeasedContext } from '../../engine/lease/leased.js'
import { run } from '../../engine/run.js'
import { patientSink, patientSource } from '../withdrawn-rights.js'
import { describe, type End, writerOf } from './direction.js'
import { type PairPolicy, ruleOf } from './settings.js'

export interface Reconciliation {
  readonly left: End
  readonly right: End
  readonly policy: PairPolicy
  /** Only these keys; `undefined`: all. */
  readonly within: readonly Bucket[] | undefined
}

/** What a comparison of two sides came to. */
export interface Found {
  readonly rowsLeft: number
  readonly rowsRight: number
  /** Rows that were given to each side. */
  readonly toLeft: number
  readonly toRight: number
  /** Keys whose rows stay different. */
  readonly conflicting: number
  /** Rows that the side that lacks them does not take. */
  readonly refused: number
  readonly unstable: number
  readonly fetchedRows: number
  readonly durationMs: number
}

/**
 * Compares the two tables and writes to each side the rows that only the other has; rows that differ are treated as
 * conflicts. `undefined` when it was interrupted.
 */
export async function reconcile(sides: Reconciliation, context: LeasedContext): Promise<Found | undefined> {
  const { left, right, within } = sides
  const { name: flow, observer } = context
  const startedAt = performance.now()
  await using sink = new RepairSink(sides, context)
  const comparison = compare(left.table, right.table, { key: `flows.${flow}`, ...(within && { within }) })
  let refused = 0
  const outcome = await run(
    {
      flow,
      source: patientSource(comparison, true),
      sink: patientSink(sink, true),
      deadLetters: leasedLetters(right.database.state.deadLetters, context.lease),
      describe: (difference) => describe(rowOf(difference), left.table),
      labels: { source: `${left.database.label} and ${right.database.label}`, sink: 'repair' },
    },
    {
      observer: (event) => {
        if (event.type === 'dead-letters') refused += event.count
        // Differences are not rows that were synced: their batches would spoil rate and lag.
        if (event.type !== 'batch' && event.type !== 'checkpoint') observer(event)
      },
      drain: context.drain,
      abort: context.abort,
    },
  )
  if (outcome !== 'finished') return undefined
  const { rows, fetchedRows } = comparison.statistics
  return {
    rowsLeft: Number(rows.left),
    rowsRight: Number(rows.right),
    toLeft: sink.repaired.left,
    toRight: sink.repaired.right,
    conflicting: sink.conflicting,
    refused,
    unstable: sink.unstable,
    fetchedRows,
    durationMs: Math.round(performance.now() - startedAt),
  }
}

/** Writes each difference to the side that lacks it. */
class RepairSink implements Sink<Difference> {
  readonly repaired = { left: 0, right: 0 }
  conflicting = 0
  unstable = 0
  readonly #policy: PairPolicy
  /** Index of the version column. */
  readonly #version: number
  readonly #left: Sink<Row>
  readonly #right: Sink<Row>

  constructor({ left, right, policy }: Reconciliation, context: LeasedContext) {
    this.#policy = policy
    const { columns, version } = left.table.schema
    this.#version = columns.findIndex((column) => column.name === version)
    this.#left = writerOf(left.table, ruleOf(policy, 'left'), context)
    this.#right = writerOf(right.table, ruleOf(policy, 'right'), context)
  }

  async write(batch: Batch<Difference>, context: WriteContext): Promise<void> {
    const { left, right } = this.#split(batch.items)
    const lane = { lane: batch.lane, position: undefined }
    failpoint('sync:before-repair')
    if (left.length > 0) await this.#left.write({ ...lane, items: left }, context)
    failpoint('sync:between-repairs')
    if (right.length > 0) await this.#right.write({ ...lane, items: right }, context)
    this.#count(batch.items)
  }

  async probe(items: Items<Difference>, context: WriteContext): Promise<void> {
    const { left, right } = this.#split(items)
    if (left.length > 0) await this.#left.probe?.(left, context)
    if (right.length > 0) await this.#right.probe?.(right, context)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#left[Symbol.asyncDispose](), this.#right[Symbol.asyncDispose]()])
  }

  /** Each conflict goes to one side, the one that may change, so that it is recorded once; by version both may. */
  #split(items: Items<Difference>): { readonly left: Row[]; readonly right: Row[] } {
    const all = [...items]
    const missing = all.filter((difference) => difference.kind !== 'changed')
    const changed = all.filter((difference) => difference.kind === 'changed')
    return {
      left: repairRows(this.#policy === 'right' || this.#policy === 'newest' ? all : missing, 'left'),
      right: this.#policy === 'right' ? repairRows(missing, 'right') : repairRows([...missing, ...changed], 'right'),
    }
  }

  #count(items: Items<Difference>): void {
    for (const difference of items) {
      if (difference.kind === 'missing-left') this.repaired.left++
      else if (difference.kind === 'missing-right') this.repaired.right++
      else if (difference.kind === 'unstable' || difference.kind === 'copies') this.unstable++
      else if (this.#stays(difference)) this.conflicting++
      else if (this.#policy === 'right') this.repaired.left++
      else this.repaired.right++
    }
  }

  /** Whether the two rows stay different, as nothing says which of them to take. */
  #stays({ left, right }: Difference & { readonly kind: 'changed' }): boolean {
    return this.#policy === 'keep' || (this.#policy === 'newest' && left[this.#version] === right[this.#version])
  }
}

function rowOf(difference: Difference): Row {
  return (
    ('left' in difference ? difference.left : undefined) ??
    ('right' in difference ? difference.right : undefined) ??
    difference.key
  )
}
