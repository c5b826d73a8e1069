import type { FlowSummary } from 'lockstep/client'
import { byUrgency, CONDITION_TONE, headline, stateWord } from '../data/condition.js'
import { useNow } from '../data/now.js'
import { useFlows } from '../data/queries.js'
import { ago, count, duration, rate } from '../format.js'
import { Badge, type Tone } from '../parts/badge.js'
import { Loading } from '../parts/loading.js'
import { ProblemNote } from '../parts/problem-note.js'
import { Sparkline } from '../parts/sparkline.js'

/** All flows, those that need a person first. */
export function OverviewPage() {
  const { data, error } = useFlows()
  if (data === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  const { tone, text } = headline(data)
  return (
    <>
      <h1 class={`mb-1 break-words text-2xl font-semibold tracking-tight ${INK[tone]}`} aria-live="polite">
        {text}
      </h1>
      <p class="mb-5 text-muted">
        {data.length === 0
          ? 'Name some under `flows`, or let `lockstep init` write a config to start from.'
          : totals(data)}
      </p>
      <ul class="grid grid-cols-[minmax(0,1fr)] gap-3">
        {byUrgency(data).map((flow) => (
          <li key={flow.name}>
            <FlowCard flow={flow} />
          </li>
        ))}
      </ul>
    </>
  )
}

const INK: Record<Tone, string> = { good: 'text-ink', warn: 'text-warn', bad: 'text-bad', quiet: 'text-muted' }

function totals(flows: readonly FlowSummary[]): string {
  const moving = flows.reduce((sum, flow) => sum + flow.itemsPerSecond, 0)
  const letters = flows.reduce((sum, flow) => sum + (flow.stored?.deadLetters ?? 0), 0)
  const parts = [`${flows.length} ${flows.length === 1 ? 'flow' : 'flows'}`, `${rate(moving)} in all`]
  if (letters > 0) parts.push(`${count(letters)} dead letters`)
  return parts.join(' · ')
}

const EDGE: Record<Tone, string> = {
  good: 'before:bg-good',
  warn: 'before:bg-warn',
  bad: 'before:bg-bad',
  quiet: 'before:bg-line-strong',
}

function FlowCard({ flow }: { readonly flow: FlowSummary }) {
  const tone = CONDITION_TONE[flow.condition]
  return (
    <article
      class={`panel relative overflow-hidden py-3 pl-5 pr-4 before:absolute before:inset-y-0 before:left-0 before:w-1 ${EDGE[tone]}`}
    >
      <div class="grid grid-cols-[minmax(0,1fr)] items-center gap-x-6 gap-y-2 sm:grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)_minmax(0,1fr)]">
        <div class="min-w-0">
          <h2 class="flex flex-wrap items-center gap-2">
            <a href={`/flows/${encodeURIComponent(flow.name)}`} class="truncate text-base font-semibold text-ink">
              {flow.name}
            </a>
            <span class="text-muted">{flow.kind}</span>
            <Badge tone={tone}>{stateWord(flow)}</Badge>
          </h2>
          <Standing flow={flow} />
        </div>
        <Trend
          label="Rate"
          figure={rate(flow.itemsPerSecond)}
          values={flow.trend.items}
          summary={`items over the last five minutes, now ${rate(flow.itemsPerSecond)}`}
        />
        <Trend
          label="Lag"
          figure={flow.lagMs === null ? '–' : duration(flow.lagMs)}
          values={flow.trend.lagMs.map((value) => value ?? undefined)}
          summary={`lag over the last five minutes${flow.lagMs === null ? '' : `, now ${duration(flow.lagMs)}`}`}
          second
        />
      </div>
      {flow.reason === null ? null : (
        <p class={`mt-2 break-words text-sm ${tone === 'bad' ? 'text-bad' : 'text-warn'}`}>{flow.reason}</p>
      )}
    </article>
  )
}

function Standing({ flow }: { readonly flow: FlowSummary }) {
  const now = useNow()
  const parts = [`${count(flow.items)} items`]
  if (flow.stored !== null && flow.stored.deadLetters > 0) parts.push(`${count(flow.stored.deadLetters)} dead letters`)
  if (flow.lastVerdict !== null) parts.push(`${flow.lastVerdict.verdict} ${ago(flow.lastVerdict.at, now)}`)
  if (flow.nextRunAt !== null) parts.push(`next run ${ago(flow.nextRunAt, now)}`)
  return <p class="mt-0.5 truncate text-muted">{parts.join(' · ')}</p>
}

interface TrendProps {
  readonly label: string
  readonly figure: string
  readonly values: readonly (number | undefined)[]
  readonly summary: string
  readonly second?: boolean
}

function Trend({ label, figure, values, summary, second = false }: TrendProps) {
  return (
    <div class="grid grid-cols-[5.5rem_minmax(0,1fr)] items-center gap-3">
      <div>
        <p class="text-xs text-muted">{label}</p>
        <p class="figure text-base font-medium leading-tight">{figure}</p>
      </div>
      <Sparkline values={values} label={summary} tone={second ? 'series-2' : 'series-1'} />
    </div>
  )
}
