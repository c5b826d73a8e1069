import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import type { Position } from '../../core/batch.js'
import type { Distributed } from '../../core/check-report.js'
import type { DoneRange } from '../../core/distribute.js'
import { type Cut, type RangeKind, RangeMoment } from './range-kind.js'

const Plan = z.object({ by: z.enum(['key', 'hash']), tasks: z.array(z.unknown()) })
const Progress = z.object({
  /** In the queue. */
  run: z.string(),
  /** Ranges of which all is told, by index. */
  done: z.array(z.int()),
  workers: z.array(z.string()),
  ownMoments: z.int(),
  total: z.unknown(),
})
type Progress = z.infer<typeof Progress>

interface Begun<Total> extends Omit<Progress, 'total'> {
  readonly total: Total
}

/** How work that is shared out stands; what it is gone on with. */
export class Standing<Task, Total> {
  readonly #kind: RangeKind<Task, Total>
  readonly #cut: Cut<Task>
  /** The cut as text: it does not change, and there is a position after each range. */
  readonly #plan: string
  #begun: Begun<Total>

  private constructor(kind: RangeKind<Task, Total>, cut: Cut<Task>, begun: Begun<Total>) {
    this.#kind = kind
    this.#cut = cut
    this.#plan = packed(cut)
    this.#begun = begun
  }

  static begin<Task, Total>(kind: RangeKind<Task, Total>, cut: Cut<Task>): Standing<Task, Total> {
    return new Standing(kind, cut, { run: '', done: [], workers: [], ownMoments: 0, total: kind.nothing })
  }

  /** Throws when the position is not one of a standing of this kind. */
  static of<Task, Total>(kind: RangeKind<Task, Total>, position: Position): Standing<Task, Total> {
    const [plan = '', progress = ''] = position.split('.')
    const { by, tasks } = Plan.parse(unpacked(plan))
    const begun = Progress.parse(unpacked(progress))
    const cut = { by, tasks: tasks.map((task) => kind.task.parse(task)) }
    return new Standing(kind, cut, { ...begun, total: kind.total.parse(begun.total) })
  }

  /** `undefined`: none was begun. */
  get run(): string | undefined {
    return this.#begun.run === '' ? undefined : this.#begun.run
  }

  get total(): Total {
    return this.#begun.total
  }

  /** What is still to be done, by index. */
  get left(): ReadonlyMap<number, Task> {
    const known = new Set(this.#begun.done)
    return new Map([...this.#cut.tasks.entries()].filter(([index]) => !known.has(index)))
  }

  get distributed(): Distributed {
    const { workers, ownMoments } = this.#begun
    return { ranges: this.#cut.tasks.length, by: this.#cut.by, workers: workers.length, ownMoments }
  }

  /** As text for a checkpoint. */
  get position(): Position {
    return `${this.#plan}.${packed(this.#begun)}`
  }

  begins(run: string): void {
    this.#begun = { ...this.#begun, run }
  }

  add(range: DoneRange): void {
    const { run, done, workers, ownMoments, total } = this.#begun
    const { ownMoment } = RangeMoment.parse(range.result)
    this.#begun = {
      run,
      done: [...done, range.index],
      workers: workers.includes(range.worker) ? workers : [...workers, range.worker],
      ownMoments: ownMoments + (ownMoment ? 1 : 0),
      total: this.#kind.add(total, range),
    }
  }
}

function packed(value: unknown): string {
  return deflateRawSync(JSON.stringify(value)).toString('base64')
}

function unpacked(text: string): unknown {
  return JSON.parse(inflateRawSync(Buffer.from(text, 'base64')).toString())
}
