import type { Config } from '../../config/define-config.js'
import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import type { GrantList } from '../../core/diagnosis.js'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { GrantOptions } from '../../core/flow.js'
import { openQueue } from '../../worker/open-queue.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { stateOf, withConfig } from '../open-config.js'
import { within } from '../within.js'

const DEADLINE_MS = 30_000

export interface GrantsArguments {
  readonly flows: readonly string[]
  readonly role: string
  /** Also what repairs of checks take. */
  readonly repair?: NonNullable<GrantOptions['repair']>
  readonly config?: string
  readonly json: boolean
}

/** Prints the least rights the flows need, per database, as SQL that can be piped to psql. */
export async function grants(io: Io, args: GrantsArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const flows = selectFlows(config, args.flows)
    const options = args.repair === undefined ? {} : { repair: args.repair }
    const lists = await Promise.all(
      flows.map(({ name, flow }) =>
        within(DEADLINE_MS, `flow ${name}`, (signal) => flow.grants(args.role, signal, options)),
      ),
    )
    const queues = await Promise.all(flows.map((named) => queueGrants(named, args.role)))
    const merged = merge([...lists.flat(), ...queues.flat(), ...(await stateGrants(config, flows, args.role))])
    io.out(args.json ? toJson({ role: args.role, databases: merged }) : render(merged))
    return EXIT.ok
  })
}

/** Flows that only read tell how they stand to the config's database; what else writes asks for its own state itself. */
async function stateGrants(config: Config, flows: readonly NamedFlow[], role: string): Promise<readonly GrantList[]> {
  const { state } = config
  if (state === undefined || !flows.some((flow) => stateOf(config, flow) === state)) return []
  const { label, state: store } = state
  return [
    await within(
      DEADLINE_MS,
      label,
      async (signal) => store.grants?.(role, signal) ?? { database: label, statements: [] },
    ),
  ]
}

/** What goes through a queue is put there by this role, and taken by it. */
async function queueGrants({ flow }: NamedFlow, role: string): Promise<readonly GrantList[]> {
  await using queue = openQueue(flow)
  if (queue === undefined) return []
  return [await within(DEADLINE_MS, 'the queue', (signal) => queue.grants(role, signal))]
}

/** Flows that share a database ask for the same rights; each is printed once. */
function merge(lists: readonly GrantList[]): readonly GrantList[] {
  const statements = new Map<string, Set<string>>()
  for (const list of lists) {
    const known = statements.get(list.database) ?? new Set()
    for (const statement of list.statements) known.add(statement)
    statements.set(list.database, known)
  }
  return [...statements].map(([database, known]) => ({ database, statements: [...known] }))
}

function render(lists: readonly GrantList[]): string {
  const sql = (statement: string): string => (statement.trimEnd().endsWith(';') ? statement : `${statement};`)
  return lists.map(({ database, statements }) => [`-- on ${database}`, ...statements.map(sql)].join('\n')).join('\n\n')
}
