import type { FlowCost, System } from './costs.js'
import type { FlowFacts } from './flows.js'

/** What a flow is given to run on. */
export interface Fleet {
  /** That run the tool. */
  readonly machines: number
  /** Of each; a flow that several processes share has one process for each of them. */
  readonly cores: number
  /** Of each machine, in bits per second, each way. */
  readonly bitsPerSecond: number
  /** Of each database. */
  readonly database: { readonly cores: number; readonly bitsPerSecond: number }
}

export type Resource =
  | 'tool'
  | 'source'
  | 'target'
  | 'network'
  | 'network of the source'
  | 'network of the target'
  | 'broker'

/** How fast one resource lets a flow be. */
export interface Limit {
  readonly resource: Resource
  readonly rowsPerSecond: number
}

/** What one flow costs and is like. */
export interface Flow {
  readonly cost: FlowCost
  readonly facts: FlowFacts
}

/** Rows per second that one core carries: of the tool, of the source, of the target. */
export function perCore({ cost }: Pick<Flow, 'cost'>) {
  const of = (seconds: number | undefined) => (seconds === undefined || seconds <= 0 ? undefined : cost.rows / seconds)
  return {
    tool: of(cost.tool.processorSeconds),
    source: of(cost.source?.processorSeconds),
    target: of(cost.target?.processorSeconds),
  }
}

/**
 * Every limit of a flow on a fleet, the tightest first. One process counts as one core, or as what it did here by the clock
 * where its helper threads made it more.
 */
export function limitsOf(flow: Flow, fleet: Fleet): readonly Limit[] {
  const { cost, facts } = flow
  const processes = facts.shared ? fleet.machines * fleet.cores : 1
  const machines = facts.shared ? fleet.machines : 1
  const core = perCore(flow)
  const process = facts.shared ? core.tool : Math.max(core.tool ?? 0, cost.rows / cost.seconds)
  const backends = (connections: number) => Math.min(fleet.database.cores, connections * processes)
  const all: readonly (readonly [Resource, number | undefined])[] = [
    ['tool', times(process, processes)],
    ['source', times(core.source, backends(facts.connections.source))],
    ['target', times(core.target, backends(facts.connections.target))],
    ['network', carried(cost, [cost.source, cost.target, cost.broker], machines * fleet.bitsPerSecond)],
    ['network of the source', carried(cost, [cost.source], fleet.database.bitsPerSecond)],
    ['network of the target', carried(cost, [cost.target], fleet.database.bitsPerSecond)],
    ['broker', ofBroker(flow)],
  ]
  return all
    .flatMap(([resource, rowsPerSecond]) => (rowsPerSecond === undefined ? [] : [{ resource, rowsPerSecond }]))
    .toSorted((one, other) => one.rowsPerSecond - other.rowsPerSecond)
}

/** The tightest limit: how fast the flow is, and what stops it there. */
export function rateOf(flow: Flow, fleet: Fleet): Limit {
  const [tightest] = limitsOf(flow, fleet)
  if (tightest === undefined) throw new Error('a flow without costs')
  return tightest
}

/** Bytes per row over a link that carries all that goes to and from these systems, in the direction that has more. */
export function bytesPerRow(cost: Pick<FlowCost, 'rows'>, systems: readonly (System | undefined)[]): number {
  const sum = (of: (system: System) => number) =>
    systems.reduce((bytes, system) => bytes + (system === undefined ? 0 : of(system)), 0)
  return (
    Math.max(
      sum(({ receivedBytes }) => receivedBytes),
      sum(({ sentBytes }) => sentBytes),
    ) / cost.rows
  )
}

/** Cores, and network of the tool in bits per second, that are full at a rate. */
export function neededFor(flow: Flow, rowsPerSecond: number) {
  const { cost } = flow
  const core = perCore(flow)
  const cores = (of: number | undefined) => (of === undefined ? 0 : rowsPerSecond / of)
  return {
    toolCores: cores(core.tool),
    sourceCores: cores(core.source),
    targetCores: cores(core.target),
    bitsPerSecond: 8 * rowsPerSecond * bytesPerRow(cost, [cost.source, cost.target, cost.broker]),
  }
}

/** The fewest machines that reach a rate; `undefined` where none do, however many. */
export function machinesFor(flow: Flow, rowsPerSecond: number, fleet: Omit<Fleet, 'machines'>): number | undefined {
  const most = flow.facts.shared ? MOST_MACHINES : 1
  for (let machines = 1; machines <= most; machines++) {
    if (rateOf(flow, { ...fleet, machines }).rowsPerSecond >= rowsPerSecond) return machines
  }
  return undefined
}

const MOST_MACHINES = 1_000

function times(rowsPerSecond: number | undefined, count: number): number | undefined {
  return rowsPerSecond === undefined ? undefined : rowsPerSecond * count
}

function carried(cost: FlowCost, systems: readonly (System | undefined)[], bitsPerSecond: number): number | undefined {
  const bytes = bytesPerRow(cost, systems)
  return bytes === 0 ? undefined : bitsPerSecond / 8 / bytes
}

function ofBroker({ cost, facts: { broker } }: Flow): number | undefined {
  if (broker === undefined) return undefined
  const { bytesPerSecond, messagesPerSecond = Number.POSITIVE_INFINITY } = broker
  const bytes = bytesPerRow(cost, [cost.broker])
  return Math.min(messagesPerSecond, bytesPerSecond === undefined || bytes === 0 ? Infinity : bytesPerSecond / bytes)
}
