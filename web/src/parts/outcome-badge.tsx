import type { FeedRun } from 'lockstep/client'
import { Badge, type Tone } from './badge.js'

const TONES: Readonly<Record<FeedRun['outcome'], Tone>> = {
  published: 'good',
  unchanged: 'quiet',
  stopped: 'warn',
  refused: 'bad',
  failed: 'bad',
}

export function OutcomeBadge({ outcome }: Pick<FeedRun, 'outcome'>) {
  return <Badge tone={TONES[outcome]}>{outcome}</Badge>
}
