import { DURATION_BOUNDS, type FlowTotals } from './board/flow-totals.js'

const NAME = 'lockstep_batch_duration_seconds'

/** The histogram of batch durations in the text format of Prometheus: the board has counted it already. */
export function durationText(flows: readonly { readonly name: string; readonly totals: FlowTotals }[]): string {
  const lines = [`# HELP ${NAME} Time a batch took to be stored.`, `# TYPE ${NAME} histogram`]
  for (const { name, totals } of flows) {
    const { durations } = totals
    if (durations === undefined) continue
    const flow = `flow="${name.replaceAll(/["\\\n]/g, '_')}"`
    let sum = 0
    for (const [index, bound] of [...DURATION_BOUNDS, '+Inf'].entries()) {
      sum += durations[index] ?? 0
      lines.push(`${NAME}_bucket{le="${bound}",${flow}} ${sum}`)
    }
    lines.push(`${NAME}_sum{${flow}} ${totals.busySeconds}`, `${NAME}_count{${flow}} ${totals.batches}`)
  }
  return `${lines.join('\n')}\n`
}
