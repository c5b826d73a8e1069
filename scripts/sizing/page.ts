import { powerOfTen } from './charts.js'
import { type Costs, FLOWS, type FlowName } from './costs.js'
import { FLOW_FACTS } from './flows.js'
import { bytes, digits, duration, rate } from './format.js'
import { bytesPerRow, type Fleet, type Flow, limitsOf, machinesFor, neededFor, type Resource, rateOf } from './model.js'

/** What the page assumes; its tables and pictures are for these. */
export const FLEET: Omit<Fleet, 'machines'> = {
  cores: 4,
  bitsPerSecond: 10e9,
  database: { cores: 16, bitsPerSecond: 10e9 },
}

const MACHINES = [1, 4, 20] as const
const SIZES = [1e6, 1e7, 1e8, 1e9, 1e12] as const
const RATES = [10_000, 100_000, 1_000_000] as const
const LINKS = [1, 10, 25] as const
const NONE = '-'

/** `docs/sizing.md`, whole. */
export function sizingPage(costs: Costs): string {
  const flows = FLOWS.map((name) => ({ name, flow: { cost: costs.flows[name], facts: FLOW_FACTS[name] } }))
  return [
    opening(costs),
    measured(flows),
    model(),
    allowed(flows),
    needed(flows),
    times(flows),
    keeps(flows),
    CLOSING,
  ].join('\n\n')
}

interface Named {
  readonly name: FlowName
  readonly flow: Flow
}

function opening({ measuredOn, machine }: Costs): string {
  const { cores, processor, memoryBytes, node, postgres } = machine
  return `# Sizing

How many machines a rate takes, where the limit lies, and how long ${powerOfTen(1e9)} and ${powerOfTen(1e12)} rows take. Written by \`npm run sizing\`; do not edit. All of it is computed from what each flow was measured to cost on ${measuredOn}: ${cores} cores
(${processor}), ${Math.round(memoryBytes / 2 ** 30)} GiB, Node ${node}, ${postgres}, and the databases on the same machine. Processor time per row travels to other machines, within their speed; rows per second by the clock do not.

Measure on yours, and make this page anew:

\`\`\`sh
npm run bench -- costs     # some minutes on a quiet machine; --rows 200000 for a glance
npm run sizing
\`\`\``
}

function measured(flows: readonly Named[]): string {
  const perMillion = (rows: number, seconds: number | undefined) =>
    seconds === undefined ? NONE : digits((seconds / rows) * 1e6)
  const body = flows.map(({ flow: { cost, facts } }) => {
    const { rows, tool, source, target, broker } = cost
    return [
      facts.title,
      facts.row,
      perMillion(rows, tool.processorSeconds),
      perMillion(rows, source?.processorSeconds),
      perMillion(rows, target?.processorSeconds),
      digits(bytesPerRow(cost, [source, target, broker])),
      rate(rows / cost.seconds),
    ]
  })
  const head = ['flow', 'a row is', 'tool, s', 'source, s', 'target, s', 'bytes a row', 'rows/s here']
  return `## What was measured

Seconds of processor time for a million rows, of the tool's process with all its threads and of all processes of the database server; bytes over the tool's network for a row, in the direction that has more;
and rows per second by the clock, with everything on the one machine.

${table(head, body)}

![Rows per second that one core carries, by flow](sizing/cores.svg)

A comparison of equal tables sends digests, not rows, so it costs next to no network. The brokers are doubles, which are not those of production ([decision 33](decisions/0033-doubles-are-honest.md)); what they cost is not counted, what the tool
does with the real client is. Of a \`sync\` that follows, the writing of the rows on the source is not counted.`
}

function model(): string {
  const { cores, bitsPerSecond, database } = FLEET
  return `## The model

The rate of a flow is the smallest of what each resource allows:

| resource | rows/s |
|---|---|
| tool | processes / (tool seconds per row). A process counts as one core, or as what it did here by the clock where its helper threads made it more |
| source, target | min(cores of the database, connections at work × processes) / (its seconds per row) |
| network of the tool | machines × bandwidth / 8 / (bytes per row) |
| network of a database | bandwidth / 8 / (bytes per row to and from it) |
| broker | its limit in messages, or its limit in bytes / (bytes per row) |

Processes are machines × cores where several share the work, and one where they do not. Time is rows / rate; cores full at a rate are rate × seconds per row.
A machine here has ${cores} cores and ${bitsPerSecond / 1e9} Gbit/s, a database ${database.cores} cores and ${database.bitsPerSecond / 1e9} Gbit/s. The model is \`scripts/sizing/model.ts\`, and its test a case worked out by hand.`
}

function allowed(flows: readonly Named[]): string {
  const body = flows.map(({ flow }) => {
    const of = (resource: Resource, bitsPerSecond = FLEET.bitsPerSecond) =>
      limitsOf(flow, { ...FLEET, machines: 1, bitsPerSecond }).find((limit) => limit.resource === resource)
        ?.rowsPerSecond
    const { resource, rowsPerSecond } = rateOf(flow, { ...FLEET, machines: 1 })
    const cell = (value: number | undefined) => (value === undefined ? NONE : rate(value))
    const links = LINKS.map((gigabits) => cell(of('network', gigabits * 1e9)))
    return [
      flow.facts.title,
      cell(of('tool')),
      cell(of('source')),
      cell(of('target')),
      ...links,
      cell(of('broker')),
      `**${resource}**, ${rate(rowsPerSecond)}`,
    ]
  })
  const head = [
    'flow',
    'tool',
    'source',
    'target',
    ...LINKS.map((gigabits) => `${gigabits} Gbit/s`),
    'broker',
    'stops at',
  ]
  return `## Where the limit lies, on one machine

Rows per second that each resource allows.

${table(head, body)}

![Rows per second by number of machines](sizing/machines.svg)

A flow that is not shared runs in one process, so its line is flat: more machines do nothing for it, different flows on different machines do. ${SHARED}`
}

const SHARED = '[Scaling](scaling.md) has which flows are shared.'

function needed(flows: readonly Named[]): string {
  const head = ['flow', 'rows/s', 'machines', 'tool, cores', 'source, cores', 'target, cores', 'network']
  const body = flows.flatMap(({ flow }) =>
    RATES.map((rowsPerSecond, at) => {
      const { toolCores, sourceCores, targetCores, bitsPerSecond } = neededFor(flow, rowsPerSecond)
      const machines = machinesFor(flow, rowsPerSecond, FLEET)
      return [
        at === 0 ? flow.facts.title : '',
        rate(rowsPerSecond),
        machines === undefined ? `no: ${stopsAt(flow)}` : String(machines),
        cores(toolCores),
        flow.cost.source === undefined ? NONE : cores(sourceCores),
        flow.cost.target === undefined ? NONE : cores(targetCores),
        `${rate(bitsPerSecond)}bit/s`.replace(/ ?bit/, ' bit').replace(/ ([kMG]) bit/, ' $1bit'),
      ]
    }),
  )
  return `## What a rate takes

Cores that are full at a rate; double them for a life with peaks. \`no\` says what is full before, however many machines there are.

${table(head, body)}`
}

function cores(count: number): string {
  return count < 0.01 ? '< 0.01' : digits(count)
}

/** What ends the growth of a flow. */
function stopsAt(flow: Flow): string {
  const { resource, rowsPerSecond } = rateOf(flow, { ...FLEET, machines: 1_000 })
  return `${resource === 'tool' ? 'one process' : resource} at ${rate(rowsPerSecond)}`
}

function times(flows: readonly Named[]): string {
  const head = ['flow', 'machines', 'rows/s', 'stops at', ...SIZES.map((rows) => `${powerOfTen(rows)} rows`)]
  const body = flows.flatMap(({ flow }) => {
    const fleets = flow.facts.shared ? MACHINES : ([1] as const)
    return fleets.map((machines, at) => {
      const { resource, rowsPerSecond } = rateOf(flow, { ...FLEET, machines })
      return [
        at === 0 ? flow.facts.title : '',
        flow.facts.shared ? String(machines) : `${MACHINES.join(', ')}: one works`,
        rate(rowsPerSecond),
        resource,
        ...SIZES.map((rows) => duration(rows / rowsPerSecond)),
      ]
    })
  })
  return `## How long so many rows take

With ${MACHINES.join(', ')} machines.

${table(head, body)}

![How long ${powerOfTen(1e9)} and ${powerOfTen(1e12)} rows take, by flow and number of machines](sizing/times.svg)

${powerOfTen(1e12)} rows are not one table on one server: spread over databases they are as many flows as there are databases, each with a share of the rows. A \`check\` or a \`feed\` in one snapshot holds back VACUUM for as long as it
takes; beyond hours use ranges, \`sample\`, or \`consistency: 'chunks'\`.`
}

function keeps(flows: readonly Named[]): string {
  const head = ['flow', 'memory of the process', 'state in the source', 'state in the target']
  const state = (of: number | undefined) => (of === undefined ? NONE : of === 0 ? 'none' : bytes(of))
  const body = flows.map(({ flow: { cost, facts } }) => [
    facts.title,
    bytes(cost.tool.peakMemoryBytes),
    state(cost.source?.stateBytes),
    state(cost.target?.stateBytes),
  ])
  return `## Memory and state

Neither grows with rows. The most that the process ever had resident, with tables of ${rate(Math.min(...flows.map(({ flow }) => flow.cost.rows)))} to ${rate(Math.max(...flows.map(({ flow }) => flow.cost.rows)))} rows ([benchmarks](benchmarks.md) has other sizes), and the tables
of the flow's own state, most of it empty pages and indexes. State grows with what is wrong: a dead letter keeps its message with some hundred bytes around it, a conflict both rows, until somebody deals with them.

${table(head, body)}`
}

const CLOSING = `## What brokers allow

${[...new Set(FLOWS.flatMap((name) => FLOW_FACTS[name].broker ?? []))]
  .map(({ name, says, source }) => `- ${name}: ${says} (<${source}>).`)
  .join('\n')}

Limits as their documentation had them when this was written. Look yours up: they differ by region and by contract.

## What the model does not know

- **Your rows.** Costs grow with width, indexes, triggers and foreign keys; a \`schema\` and a \`map\` of your own cost what they cost. A row ten times as wide costs about ten times the bytes, and less than that in processor time.
- **Disks.** A server that writes waits for its disk, most of all at checkpoints; tables larger than memory are read at the disk's pace. Nothing here waited for one.
- **Distance.** Each batch of a lane waits for the one before to be committed: with a round trip of 10 ms a lane does at most 100 batches a second, of up to 1,000 items each, or more when it has fallen behind.
- **Others.** Cores of a database are those that it has left.
- **Growth that is not in proportion**, such as the depth of indexes and pages that are no longer cached. ${powerOfTen(1e12)} is a computation, not a promise; ${powerOfTen(1e7)} was measured ([benchmarks](benchmarks.md)).
`

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [row(head), `|${head.map(() => '---').join('|')}|`, ...body.map(row)].join('\n')
}
