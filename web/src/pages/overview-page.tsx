import type { FlowSummary } from 'lockstep/client'
import { byUrgency, CONDITION_TONE, endsByItself, headline, placeOf, stateWord } from '../data/condition.js'
import { useNow } from '../data/now.js'
import { useFlows } from '../data/queries.js'
import { ago, count, duration, plural, rate } from '../format.js'
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
      <h1 class={`mb-1 text-2xl font-semibold tracking-tight ${INK[tone]}`} aria-live="polite">
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
  const parts = [plural(flows.length, 'flow'), `${rate(moving)} in all`]
  if (letters > 0) parts.push(plural(letters, 'dead letter'))
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
            <a href={`/flows/${encodeURIComponent(flow.name)}`} class="text-base font-semibold text-ink">
              {flow.name}
            </a>
            <span class="text-muted">{flow.kind}</span>
            <Badge tone={tone}>{stateWord(flow)}</Badge>
          </h2>
          <Standing flow={flow} />
        </div>
        {flow.kind === 'check' ? null : (
          <Trend
            label="Rate"
            figure={rate(flow.itemsPerSecond)}
            values={flow.trend.items}
            summary={`items over the last five minutes, now ${rate(flow.itemsPerSecond)}`}
          />
        )}
        {endsByItself(flow.kind) ? null : (
          <Trend
            label="Lag"
            figure={flow.lagMs === null ? '–' : duration(flow.lagMs)}
            values={flow.trend.lagMs.map((value) => value ?? undefined)}
            summary={`lag over the last five minutes${flow.lagMs === null ? '' : `, now ${duration(flow.lagMs)}`}`}
            second
          />
        )}
      </div>
      <Reason flow={flow} />
    </article>
  )
}

/** Why somebody should look, and where. */
function Reason({ flow }: { readonly flow: FlowSummary }) {
  const place = placeOf(flow)
  if (flow.reason === null) return null
  return (
    <p class={`mt-2 text-sm ${flow.condition === 'broken' ? 'text-bad' : 'text-warn'}`}>
      {flow.reason}
      {place === undefined ? null : (
        <>
          {' · '}
          <a href={place.href} aria-label={`${place.word} of ${flow.name}`}>
            {place.word}
          </a>
        </>
      )}
    </p>
  )
}

function Standing({ flow }: { readonly flow: FlowSummary }) {
  const now = useNow()
  const parts = flow.kind === 'check' ? [] : [`${count(flow.items)} ${flow.kind === 'feed' ? 'rows' : 'items'}`]
  if (flow.state === 'standby' && flow.lease !== null)
    return <p class="mt-0.5 text-muted">waits: {flow.lease.holder} runs it</p>
  if (flow.state === 'never-run') return <p class="mt-0.5 text-muted">Nothing is known of a run of it.</p>
  const ended = flow.lastRun?.endedAt ?? (flow.state === 'stopped' ? flow.heardAt : null)
  if (flow.kind === 'feed' && ended !== null) parts.push(`last run ${ago(ended, now)}`)
  if (flow.lastVerdict !== null) parts.push(`${flow.lastVerdict.verdict} ${ago(flow.lastVerdict.at, now)}`)
  if (flow.nextRunAt !== null) parts.push(`next run ${ago(flow.nextRunAt, now)}`)
  return <p class="mt-0.5 text-muted">{parts.join(' · ')}</p>
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
