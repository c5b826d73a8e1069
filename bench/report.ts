import { cpus, totalmem } from 'node:os'
import type { Measurement } from './measurement.js'

/** Where the figures come from; ratios travel between machines, absolute figures do not. */
export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly memoryBytes: number
  readonly node: string
  readonly postgres: string
}

export function machine(postgres: string): Machine {
  const processors = cpus()
  return {
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    node: process.version,
    postgres,
  }
}

export function machineLine({ cores, processor, memoryBytes, node, postgres }: Machine): string {
  return `${cores} cores (${processor}), ${Math.round(memoryBytes / 2 ** 30)} GiB, Node ${node}, ${postgres}`
}

const HEAD = ['scenario', 'figure', 'value', 'limit or peer', 'ratio', 'goal', ''] as const

/** A table for the terminal and, as it is Markdown, for docs/benchmarks.md. */
export function table(measurements: readonly Measurement[]): string {
  const rows = [HEAD, ...measurements.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  const [head = [], ...body] = rows
  return [line(head), rule, ...body.map(line)].join('\n')
}

function cells(each: Measurement): string[] {
  const peer =
    each.peer === undefined || each.peerValue === undefined
      ? '-'
      : `${number(each.peerValue)} ${each.unit} (${each.peer})`
  const ratio = each.ratio === undefined ? '-' : each.ratio.toFixed(2)
  return [
    each.scenario,
    each.figure,
    `${number(each.value)} ${each.unit}`,
    peer,
    ratio,
    each.goal,
    each.met ? 'met' : 'NOT MET',
  ]
}

/** Three digits that mean something, and no more. */
function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}
