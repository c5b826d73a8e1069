import type { FlowCondition, FlowKind, FlowState, FlowSummary } from 'lockstep/client'
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
  standby: 'standby',
  scheduled: 'scheduled',
  draining: 'draining',
  paused: 'paused',
  stopped: 'stopped',
  failed: 'failed',
}

export function stateWord({ kind, state, stale, unhealthy }: FlowSummary): string {
  if (stale) return 'not heard of'
  if (state === 'running' && unhealthy.length > 0) return 'trying again'
  // What has an end by itself was not stopped by anybody.
  return state === 'stopped' && endsByItself(kind) ? 'done' : STATE_WORD[state]
}

/** It comes to its end and has a result, and neither lanes nor a lag. */
export function endsByItself(kind: FlowKind): boolean {
  return kind === 'check' || kind === 'feed'
}

/** Where a person sees what the reason of a flow's condition is about; `undefined`: on the page of the flow. */
export function placeOf({ name, kind, condition, stored, lastVerdict }: FlowSummary): Place | undefined {
  const at = (page: string): string => `/${page}/${encodeURIComponent(name)}`
  if (condition === 'ok' || condition === 'off') return undefined
  if (kind === 'check') return lastVerdict === null ? undefined : { href: at('checks'), word: 'See what was found' }
  if (kind === 'feed') return { href: at('feeds'), word: 'See its runs' }
  if (condition === 'broken') return undefined
  if ((stored?.deadLetters ?? 0) > 0) return { href: at('dead-letters'), word: 'See the dead letters' }
  return (stored?.conflicts ?? 0) > 0 ? { href: at('conflicts'), word: 'See the conflicts' } : undefined
}

interface Place {
  readonly href: string
  readonly word: string
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
  if (flows.every((flow) => flow.state === 'never-run')) return { tone: 'quiet', text: 'No flow has run yet' }
  if (flows.every((flow) => flow.condition === 'off')) return { tone: 'quiet', text: 'Nothing is meant to run now' }
  return { tone: 'good', text: 'Everything moves' }
}

function named(flows: readonly FlowSummary[]): string {
  const names = flows.map((flow) => flow.name)
  return names.length <= 2 ? names.join(' and ') : `${names.length} flows`
}
