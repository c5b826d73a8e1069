import type { FlowCost, System } from '../../scripts/sizing/costs.js'
import type { EmbeddedServer } from '../../src/embedded/server.js'
import { plainSql } from '../plain-sql.js'
import { serverSeconds } from './processor-time.js'
import { type Job, ToolProcess, type Wire } from './tool-process.js'

const NOTHING: Wire = { received: 0, sent: 0 }

/** A run of the tool whose costs are wanted. */
export interface Measured {
  readonly rows: number
  readonly job: Pick<Job, 'kind' | 'path' | 'items' | 'from'>
  readonly source?: EmbeddedServer
  readonly target?: EmbeddedServer
  /** All that is neither source nor target. */
  readonly broker?: boolean
  /** Of a check: what it must come to. */
  readonly verdict?: 'same' | 'different'
  /** Happens while the tool runs; answers processor seconds of the source that are not the tool's doing. */
  during?(tool: ToolProcess): Promise<number>
}

/** Runs the job once and answers what it cost. The tool's modules are loaded, and the servers quiet, before it begins. */
export async function measure(given: Measured): Promise<FlowCost> {
  const { rows, job, source, target } = given
  // What is there afterwards is this flow's.
  await Promise.all([source, target].map((server) => server && forget(server)))
  using tool = await ToolProcess.start()
  const before = await look(tool, given)
  tool.begin({
    ...job,
    ...(source === undefined ? {} : { source: source.url() }),
    ...(target === undefined ? {} : { target: target.url() }),
  })
  const foreign = (await given.during?.(tool)) ?? 0
  const done = await tool.told('done')
  const after = await look(tool, given)
  if (given.verdict !== undefined && done.verdict !== given.verdict) throw new Error(`it was found ${done.verdict}`)
  const system = async (server: EmbeddedServer, processorSeconds: number): Promise<System> => {
    const { received, sent } = done.wire[server.port] ?? NOTHING
    return { processorSeconds, receivedBytes: received, sentBytes: sent, stateBytes: await stateBytes(server) }
  }
  return {
    rows,
    seconds: done.seconds,
    tool: { processorSeconds: after.tool - before.tool, peakMemoryBytes: await tool.peakMemoryBytes() },
    ...(source && { source: await system(source, Math.max(0, after.source - before.source - foreign)) }),
    ...(target && { target: await system(target, after.target - before.target) }),
    ...(given.broker && { broker: rest(done.wire, [source?.port, target?.port]) }),
  }
}

async function look(tool: ToolProcess, { source, target }: Measured) {
  const of = (server: EmbeddedServer | undefined) => (server === undefined ? 0 : serverSeconds(server))
  const [own, left, right] = await Promise.all([tool.processorSeconds(), of(source), of(target)])
  return { tool: own, source: left, target: right }
}

function rest(wire: Readonly<Record<string, Wire>>, databases: readonly (number | undefined)[]): System {
  const others = Object.entries(wire).filter(([port]) => !databases.includes(Number(port)))
  return {
    receivedBytes: others.reduce((sum, [, { received }]) => sum + received, 0),
    sentBytes: others.reduce((sum, [, { sent }]) => sum + sent, 0),
  }
}

async function forget(server: EmbeddedServer): Promise<void> {
  await using client = await plainSql(server.url())
  await client.run('drop schema if exists lockstep cascade')
}

/** Of all that flows keep in the database for themselves. */
async function stateBytes(server: EmbeddedServer): Promise<number> {
  await using client = await plainSql(server.url())
  const { rows } = await client.run(
    `select coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 as bytes from pg_class c
      join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'lockstep' and c.relkind = 'r'`,
  )
  return Number(rows[0].bytes)
}
