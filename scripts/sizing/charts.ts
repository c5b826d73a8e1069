import { type Costs, FLOWS, type FlowName } from './costs.js'
import { FLOW_FACTS } from './flows.js'
import { duration, rate } from './format.js'
import { type Fleet, perCore, rateOf } from './model.js'
import { COLOURS, dot, line, logarithmic, type Place, rule, svg, text } from './svg.js'

const WIDTH = 760
const SYSTEMS = ['tool', 'source', 'target'] as const
const ROW_PX = 30

export interface Subject {
  readonly costs: Costs
  readonly fleet: Omit<Fleet, 'machines'>
}

/** Rows per second that a core carries: a line for each flow, a dot for each of tool, source and target. */
export function coresChart({ costs }: Subject): string {
  const [left, right, top] = [216, WIDTH - 36, 78]
  const bottom = top + FLOWS.length * ROW_PX
  const x = logarithmic([1e4, 1e8], [left, right])
  const ticks = [1e4, 1e5, 1e6, 1e7, 1e8]
  const legend = SYSTEMS.flatMap((system, at) => [
    dot({ x: left + 6 + at * 150, y: 50 }, at, system),
    text({ x: left + 18 + at * 150, y: 54.5 }, `core of the ${system}`, 'small'),
  ])
  const flows = FLOWS.flatMap((name, at) => {
    const y = top + at * ROW_PX + ROW_PX / 2
    const core = perCore({ cost: costOf(costs, name) })
    const dots = SYSTEMS.flatMap((system, colour) => {
      const value = core[system]
      return value === undefined
        ? []
        : [dot({ x: x(Math.min(1e8, value)), y: y + (colour - 1) * 5 }, colour, `${system}: ${rate(value)} rows/s`)]
    })
    return [rule({ x: left, y }, { x: right, y }), text({ x: 18, y: y + 4.5 }, titleOf(name)), ...dots]
  })
  return svg({
    width: WIDTH,
    height: bottom + 40,
    title: 'Rows per second that one core carries, by flow',
    elements: [
      text({ x: 18, y: 28 }, 'Rows per second that one core carries', 'title'),
      ...legend,
      ...ticks.flatMap((tick) => [
        rule({ x: x(tick), y: top }, { x: x(tick), y: bottom }),
        text({ x: x(tick), y: bottom + 20 }, rate(tick), 'small soft middle'),
      ]),
      ...flows,
    ],
  })
}

/** Each of another kind. */
const DRAWN: readonly FlowName[] = ['check-equal', 'sync-follow', 'ingest-pubsub', 'ingest-kafka', 'feed']
const MACHINES = [1, 2, 4, 8, 16, 32, 64] as const

/** How the rate of flows grows with machines, and where it stops. */
export function machinesChart({ costs, fleet }: Subject): string {
  const lines = DRAWN.map((name) => ({
    label: titleOf(name),
    points: MACHINES.map((machines) => {
      const flow = { cost: costOf(costs, name), facts: FLOW_FACTS[name] }
      return [machines, rateOf(flow, { ...fleet, machines }).rowsPerSecond] as const
    }),
  }))
  return lineChart({
    title: `Rows per second by machines of ${fleet.cores} cores: where it stops`,
    lines,
    across: { ticks: MACHINES.map((machines) => [machines, String(machines)]) },
    up: { ticks: [1e4, 1e5, 1e6, 1e7].map((value) => [value, rate(value)]) },
  })
}

/** Seconds, and what they are called, that stand below; and above, of a thousand times as many rows. */
const BELOW = [60, 600, 3_600, 6 * 3_600, 86_400] as const
const ABOVE = [86_400, 10 * 86_400, 30 * 86_400, 365 * 86_400, 3 * 365 * 86_400] as const
const COUNTS = [1, 4, 20] as const
const ROWS = 1e9
const FAR = 1e12

/** How long 10^9 and 10^12 rows take: a line for each flow, a dot for each number of machines that makes it faster. */
export function timesChart({ costs, fleet }: Subject): string {
  const plot = { left: 216, right: WIDTH - 32, top: 108 }
  const bottom = plot.top + FLOWS.length * ROW_PX
  const x = logarithmic([40, 1.2e5], [plot.left, plot.right])
  const flows = FLOWS.flatMap((name, at) => {
    const y = plot.top + at * ROW_PX + ROW_PX / 2
    const dots = COUNTS.flatMap((machines, colour) => {
      const facts = FLOW_FACTS[name]
      if (machines > 1 && !facts.shared) return []
      const { rowsPerSecond } = rateOf({ cost: costs.flows[name], facts }, { ...fleet, machines })
      const [near, far] = [ROWS / rowsPerSecond, FAR / rowsPerSecond]
      const label = `${machines}: ${duration(near)}, ${duration(far)}`
      return [dot({ x: x(near), y: y + (colour - 1) * 5 }, colour, label)]
    })
    return [rule({ x: plot.left, y }, { x: plot.right, y }), text({ x: 18, y: y + 4.5 }, titleOf(name)), ...dots]
  })
  const legend = COUNTS.flatMap((machines, at) => [
    dot({ x: plot.left + 6 + at * 150, y: 50 }, at, String(machines)),
    text({ x: plot.left + 18 + at * 150, y: 54.5 }, machines === 1 ? '1 machine' : `${machines} machines`, 'small'),
  ])
  const title = `How long ${powerOfTen(ROWS)} rows take (below) and ${powerOfTen(FAR)} (above)`
  return svg({
    width: WIDTH,
    height: bottom + 40,
    title,
    elements: [
      text({ x: 18, y: 28 }, title, 'title'),
      ...legend,
      text({ x: 18, y: plot.top - 12 }, `${powerOfTen(FAR)} rows`, 'small soft'),
      text({ x: 18, y: bottom + 20 }, `${powerOfTen(ROWS)} rows`, 'small soft'),
      ...ABOVE.map((tick) =>
        text({ x: x((tick * ROWS) / FAR), y: plot.top - 12 }, duration(tick), 'small soft middle'),
      ),
      ...BELOW.flatMap((tick) => [
        rule({ x: x(tick), y: plot.top }, { x: x(tick), y: bottom }),
        text({ x: x(tick), y: bottom + 20 }, duration(tick), 'small soft middle'),
      ]),
      ...flows,
    ],
  })
}

interface Axis {
  readonly ticks: readonly (readonly [value: number, label: string])[]
}

interface LineChart {
  readonly title: string
  readonly lines: readonly { readonly label: string; readonly points: readonly (readonly [number, number])[] }[]
  readonly across: Axis
  readonly up: Axis
}

const LINE_PLOT = { left: 76, right: 500, top: 52, bottom: 330 }
const LABEL_PX = 18

/** Both axes logarithmic, each line with its name at its end. */
function lineChart({ title, lines, across, up }: LineChart): string {
  const { left, right, top, bottom } = LINE_PLOT
  const x = logarithmic(ends(across), [left, right])
  const y = logarithmic(rangeOf(lines, up), [bottom, top])
  const drawn = lines.map(({ label, points }, at) => {
    const places = points.map(([across, up]): Place => ({ x: x(across), y: y(up) }))
    return { label, colour: at % COLOURS, places, y: places.at(-1)?.y ?? 0 }
  })
  const labels = apart(drawn.toSorted((one, other) => one.y - other.y))
  return svg({
    width: WIDTH,
    height: bottom + 44,
    title,
    elements: [
      text({ x: 18, y: 28 }, title, 'title'),
      ...across.ticks.map(([value, label]) => text({ x: x(value), y: bottom + 22 }, label, 'small soft middle')),
      text({ x: right + 18, y: bottom + 22 }, 'machines', 'small soft'),
      ...up.ticks.flatMap(([value, label]) => [
        rule({ x: left, y: y(value) }, { x: right, y: y(value) }),
        text({ x: left - 10, y: y(value) + 4 }, label, 'small soft end'),
      ]),
      ...drawn.map(({ places, colour }) => line(places, colour)),
      ...labels.flatMap(({ label, colour, y }) => [
        dot({ x: right + 18, y: y - 4.5 }, colour, label),
        text({ x: right + 30, y }, label, 'small'),
      ]),
    ],
  })
}

/** From top to bottom: each a line below the one before, at least. */
function apart<Label extends { readonly y: number }>(labels: readonly Label[]): readonly Label[] {
  let free = 0
  return labels.map((label) => {
    const y = Math.max(label.y + 4.5, free)
    free = y + LABEL_PX
    return { ...label, y }
  })
}

function ends({ ticks }: Axis): [number, number] {
  return [ticks[0]?.[0] ?? 1, ticks.at(-1)?.[0] ?? 10]
}

function rangeOf(lines: LineChart['lines'], axis: Axis): [number, number] {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value))
  const [low, high] = ends(axis)
  return [Math.min(low, ...values), Math.max(high, ...values)]
}

function costOf(costs: Costs, name: FlowName) {
  return costs.flows[name]
}

function titleOf(name: FlowName): string {
  return (FLOW_FACTS[name].short ?? FLOW_FACTS[name].title).replaceAll('`', '')
}

const SUPERSCRIPT = '⁰¹²³⁴⁵⁶⁷⁸⁹'

export function powerOfTen(value: number): string {
  const digits = String(Math.round(Math.log10(value)))
  return `10${[...digits].map((digit) => SUPERSCRIPT[Number(digit)]).join('')}`
}
