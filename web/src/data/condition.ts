import type { FlowCondition, FlowState, FlowSummary } from 'lockstep/client'
import type { Tone } from '../parts/badge.js'

export const CONDITION_TONE: Record<FlowCondition, Tone> = {
  ok: 'good',
  attention: 'warn',
  broken: 'bad',
  off: 'quiet',
}

const URGENCY: Record<FlowCondition, number> = { broken: 0, attention: 1, ok: 2, off: 3 }

/** What needs a person first; else in the order of the config. */
export function byUrgency(flows: readonly FlowSummary[]): readonly FlowSummary[] {
  return [...flows].sort((a, b) => URGENCY[a.condition] - URGENCY[b.condition])
}

export const STATE_WORD: Record<FlowState, string> = {
  'never-run': 'never run',
  running: 'running',
  scheduled: 'scheduled',
  draining: 'draining',
  paused: 'paused',
  stopped: 'stopped',
  failed: 'failed',
}

export function stateWord({ state, stale }: FlowSummary): string {
  return stale ? 'not heard of' : STATE_WORD[state]
}

/** What a person who comes at night wants to know first, in one sentence. */
export function headline(flows: readonly FlowSummary[]): { readonly tone: Tone; readonly text: string } {
  const broken = flows.filter((flow) => flow.condition === 'broken')
  const waiting = flows.filter((flow) => flow.condition === 'attention')
  if (flows.length === 0) return { tone: 'quiet', text: 'The config has no flows' }
  if (broken.length > 0)
    return { tone: 'bad', text: `${named(broken)} ${broken.length === 1 ? 'does' : 'do'} not work` }
  if (waiting.length > 0)
    return { tone: 'warn', text: `${named(waiting)} ${waiting.length === 1 ? 'wants' : 'want'} a look` }
  if (flows.every((flow) => flow.condition === 'off')) return { tone: 'quiet', text: 'Nothing is meant to run now' }
  return { tone: 'good', text: 'Everything moves' }
}

function named(flows: readonly FlowSummary[]): string {
  const names = flows.map((flow) => flow.name)
  return names.length <= 2 ? names.join(' and ') : `${names.length} flows`
}
