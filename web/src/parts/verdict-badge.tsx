import type { CheckRun } from 'lockstep/client'
import { Badge, type Tone } from './badge.js'

const TONE: Record<NonNullable<CheckRun['verdict']>, Tone> = { same: 'good', different: 'bad', unverified: 'warn' }

/** Of a run of a check; one without a verdict shows how it ended. */
export function VerdictBadge({ run }: { readonly run: CheckRun }) {
  const { verdict, state } = run
  if (verdict !== null) return <Badge tone={TONE[verdict]}>{verdict}</Badge>
  return <Badge tone={state === 'failed' ? 'bad' : 'quiet'}>{state}</Badge>
}
