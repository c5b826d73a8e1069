import { repairSql, type Side } from '../../compare/repair.js'
import type { Difference } from '../../core/difference.js'
import type { TableSchema } from '../../core/table.js'
import type { Io } from '../io.js'

/** Prints the statements that would make one side like the other, as the differences are found. Runs none of them. */
export class RepairScript {
  readonly #io: Io
  readonly #flow: string
  readonly #side: Side
  #schema: TableSchema | undefined

  constructor(io: Io, flow: string, side: Side) {
    this.#io = io
    this.#flow = flow
    this.#side = side
  }

  begin(schemas: Readonly<Record<Side, TableSchema>>): void {
    this.#schema = schemas[this.#side]
    const [side, other] = this.#side === 'left' ? ['left', 'right'] : ['right', 'left']
    this.#io.out(`-- lockstep check ${this.#flow}: gives the ${side} side what the ${other} side has; deletes nothing.`)
    this.#io.out(
      '-- It is as old as the comparison: a row that has changed since would be set back. Read it, then run it.',
    )
  }

  add(difference: Difference): void {
    if (this.#schema === undefined) return
    for (const statement of repairSql([difference], this.#side, this.#schema)) this.#io.out(statement)
  }
}
