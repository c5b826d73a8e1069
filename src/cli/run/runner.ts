import type { NamedFlow } from '../../config/select-flows.js'
import type { ExitCode } from '../../core/errors.js'
import type { FlowCommand, FlowControl } from '../../serve/desk.js'
import { worst } from '../exit-codes.js'
import { FlowSeat, type SeatOptions } from './flow-seat.js'

/** Runs flows side by side and lets each be paused and resumed. One that fails is told to the observer and stops no other. */
export class Runner implements FlowControl {
  readonly #seats: ReadonlyMap<string, FlowSeat>

  constructor(flows: readonly NamedFlow[], options: SeatOptions) {
    this.#seats = new Map(flows.map((named) => [named.name, new FlowSeat(named, options)]))
  }

  /** Resolves when all have ended for good; with the worst of their exit codes. */
  async run(): Promise<ExitCode> {
    return worst(await Promise.all([...this.#seats.values()].map((seat) => seat.live())))
  }

  commands(flow: string): readonly FlowCommand[] {
    return this.#seats.get(flow)?.commands() ?? []
  }

  command(flow: string, command: FlowCommand): boolean {
    return this.#seats.get(flow)?.command(command) ?? false
  }
}
