import type { FlowAction } from '../client/wire/flow.js'
import type { Flow } from '../core/flow.js'
import { sinksOf } from '../observe/alerts/rules.js'
import type { FlowFigures } from '../observe/board/flow-figures.js'
import type { Desk } from './desk.js'

export interface Subject {
  readonly name: string
  readonly flow: Flow
  readonly figures: FlowFigures | undefined
  readonly stale: boolean
}

/** What this server would do with the flow now. */
export function flowActions(desk: Desk, subject: Subject): readonly FlowAction[] {
  if (desk.readOnly) return []
  const { name, flow } = subject
  return [
    ...(desk.control?.commands(name) ?? []),
    ...(rests(desk, subject) ? (['reset'] as const) : []),
    ...(flow.replay === undefined ? [] : (['replay'] as const)),
    ...(alertPlaces(desk, flow).length === 0 ? [] : (['test-alert'] as const)),
    ...((flow.deadLetters ?? []).length === 0 ? [] : (['discard'] as const)),
  ]
}

/** Where its alerts go, without secrets. */
export function alertPlaces({ alerts }: Desk, flow: Flow): readonly string[] {
  return sinksOf(alerts, flow.alert).map(({ label }) => label)
}

/** Whether its checkpoints may be taken away: nobody is at work with them, as far as is known. */
export function rests(desk: Desk, { name, figures, stale }: Subject): boolean {
  if (desk.control !== undefined) return desk.control.commands(name).includes('resume')
  return figures === undefined || stale || figures.state === 'stopped' || figures.state === 'failed'
}
