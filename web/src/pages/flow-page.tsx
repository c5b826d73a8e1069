import type { FlowDetail } from 'lockstep/client'
import { useState } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { CONDITION_TONE, endsByItself, placeOf, stateWord } from '../data/condition.js'
import { useNow } from '../data/now.js'
import { useFeedRuns, useFlow, useSeries } from '../data/queries.js'
import { ago, count, duration, rate } from '../format.js'
import { Badge } from '../parts/badge.js'
import { Chart } from '../parts/chart.js'
import { FlowAlerts } from '../parts/flow-alerts.js'
import { FlowCommands } from '../parts/flow-commands.js'
import { FlowCheckpoints, FlowConfig, FlowHappenings, FlowLanes } from '../parts/flow-panels.js'
import { Loading } from '../parts/loading.js'
import { Nothing, Panel } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'
import { Tile, Tiles } from '../parts/tile.js'

/** One flow: what it does, how fast, how late, and what has happened to it. */
export function FlowPage() {
  const name = decodeURIComponent(useRoute().params['flow'] ?? '')
  const { data: flow, error } = useFlow(name)
  if (flow === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  return (
    <>
      <div class="mb-1 flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 class="text-2xl font-semibold tracking-tight">{flow.name}</h1>
        <span class="text-muted">{flow.kind}</span>
        <Badge tone={CONDITION_TONE[flow.condition]}>{stateWord(flow)}</Badge>
        <div class="ml-auto">
          <FlowCommands flow={flow} />
        </div>
      </div>
      <Trouble flow={flow} />
      <Lease flow={flow} />
      <Figures flow={flow} />
      {flow.kind === 'check' ? null : <Charts flow={flow} />}
      <div class="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-2">
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
          <FlowHappenings flow={name} />
          {endsByItself(flow.kind) ? null : <FlowLanes lanes={flow.lanes} />}
        </div>
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
          {endsByItself(flow.kind) ? null : <FlowCheckpoints flow={flow} />}
          <FlowAlerts flow={flow} />
          <FlowConfig flow={name} />
        </div>
      </div>
    </>
  )
}

function Trouble({ flow }: { readonly flow: FlowDetail }) {
  const now = useNow()
  const place = placeOf(flow)
  const error = flow.lastError === null || flow.lastError.message === flow.reason ? null : flow.lastError
  const isQuiet = flow.condition === 'ok' || (flow.condition === 'off' && flow.reason === null && error === null)
  if (isQuiet && flow.unhealthy.length === 0) return <p class="mb-4 text-muted">{flow.databases.join(' · ')}</p>
  const tone = flow.condition === 'broken' ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn'
  return (
    <div
      class={`mb-4 mt-2 rounded-lg px-4 py-3 ${flow.condition === 'off' ? 'bg-sunken text-muted' : tone}`}
      role="status"
    >
      {flow.reason === null || flow.unhealthy.some(({ reason }) => reason === flow.reason) ? null : (
        <p class="font-medium">
          {flow.reason}
          {place === undefined ? null : (
            <>
              {' · '}
              <a href={place.href}>{place.word}</a>
            </>
          )}
        </p>
      )}
      {flow.unhealthy.map(({ subject, reason, since }) => (
        <p key={subject}>
          <span class="font-medium">{subject}</span>: {without(subject, reason)}, since{' '}
          {duration(now - Date.parse(since))}
        </p>
      ))}
      {error === null ? null : (
        <p class="text-ink">
          {error.message} {error.code === null ? null : <span class="mono">{error.code}</span>}
        </p>
      )}
    </div>
  )
}

/** Of a flow that must run once: who runs it. */
function Lease({ flow: { lease, state } }: { readonly flow: FlowDetail }) {
  const now = useNow()
  if (lease === null) return null
  const since = duration(now - Date.parse(lease.since))
  return (
    <p class={`mb-4 ${state === 'standby' ? 'rounded-lg bg-sunken px-4 py-3' : 'text-muted'}`}>
      {state === 'standby' ? 'This instance waits, and takes over when the other one is gone. ' : ''}
      <span class="font-medium">{lease.holder}</span> runs it for {since} (epoch {lease.epoch})
    </p>
  )
}

/** Most reasons begin with what they are about. */
function without(subject: string, reason: string | null): string {
  if (reason === null) return 'does not work'
  return reason.startsWith(`${subject}: `) ? reason.slice(subject.length + 2) : reason
}

function Figures({ flow }: { readonly flow: FlowDetail }) {
  const now = useNow()
  const link = (page: string) => `/${page}/${encodeURIComponent(flow.name)}`
  const started = flow.startedAt === null ? 'not started' : `started ${ago(flow.startedAt, now)}`
  return (
    <Tiles>
      {flow.kind === 'check' ? null : (
        <Tile
          label="Rate, last 10 s"
          figure={rate(flow.itemsPerSecond)}
          note={`${count(flow.items)} ${flow.kind === 'feed' ? 'rows' : 'items'} since the start`}
        />
      )}
      {endsByItself(flow.kind) ? null : (
        <>
          <Tile
            label="Lag, last 10 s"
            figure={flow.lagMs === null ? '–' : duration(flow.lagMs)}
            note={flow.lag === null ? '' : `p50 ${duration(flow.lag.p50)}, p99 ${duration(flow.lag.p99)}`}
          />
          <Tile
            label="Dead letters"
            figure={flow.stored === null ? '–' : count(flow.stored.deadLetters)}
            note={flow.stored === null || flow.stored.held === 0 ? '' : `${count(flow.stored.held)} held`}
            href={link('dead-letters')}
          />
        </>
      )}
      {flow.kind === 'sync' ? (
        <Tile label="Conflicts" figure={count(flow.stored?.conflicts ?? 0)} note="recorded" href={link('conflicts')} />
      ) : null}
      {flow.lastVerdict === null ? null : (
        <Tile
          label="Last verdict"
          figure={flow.lastVerdict.verdict}
          note={`${ago(flow.lastVerdict.at, now)}: ${flow.lastVerdict.detail}`}
          {...(flow.kind === 'check' ? { href: link('checks') } : {})}
        />
      )}
      {flow.kind === 'feed' ? <LastFeed flow={flow.name} href={link('feeds')} /> : null}
      <Tile label="Retries" figure={count(flow.retries)} note={started} />
      {flow.nextRunAt === null ? null : (
        <Tile
          label="Next run"
          figure={ago(flow.nextRunAt, now)}
          note={flow.schedule === null ? '' : `${flow.schedule.cron} (${flow.schedule.timeZone})`}
        />
      )}
    </Tiles>
  )
}

function LastFeed({ flow, href }: { readonly flow: string; readonly href: string }) {
  const now = useNow()
  const [last] = useFeedRuns(flow).data?.pages[0]?.items ?? []
  if (last === undefined) return <Tile label="Feeds" figure="–" note="no run is kept" href={href} />
  const rejected = last.rejected === 0 ? '' : `, ${count(last.rejected)} rejected`
  return (
    <Tile
      label="Feeds"
      figure={last.sequence === null ? last.outcome : `#${last.sequence} ${last.outcome}`}
      note={`${ago(last.endedAt, now)}: ${count(last.rows)} rows${rejected}`}
      href={href}
    />
  )
}

function Charts({ flow: { name, kind } }: { readonly flow: FlowDetail }) {
  const [step, setStep] = useState<1 | 10>(1)
  const { data } = useSeries(name, step)
  const span = step === 1 ? 'the last 5 minutes' : 'the last hour'
  const aside = (
    <div class="flex gap-1 text-xs">
      {([1, 10] as const).map((one) => (
        <button key={one} type="button" class="button" aria-pressed={step === one} onClick={() => setStep(one)}>
          {one === 1 ? '5 min' : '1 h'}
        </button>
      ))}
    </div>
  )
  const seconds = (data?.stepMs ?? 1_000) / 1_000
  const from = data === undefined ? 0 : Date.parse(data.from) / 1_000
  const times = data?.items.map((_, index) => from + index * seconds) ?? []
  const rates = data?.items.map((items) => items / seconds) ?? []
  const lags = data?.lagMs.map((lag) => lag ?? undefined) ?? []
  const most = (values: readonly (number | undefined)[]) => Math.max(0, ...values.map((value) => value ?? 0))
  return (
    <div class={`mb-4 grid grid-cols-[minmax(0,1fr)] gap-4 ${endsByItself(kind) ? '' : 'lg:grid-cols-2'}`}>
      <Panel title="Throughput" aside={aside}>
        <div class="p-3">
          <Chart
            times={times}
            series={[{ label: 'items', tone: 'series-1', values: rates }]}
            format={rate}
            summary={`Items per second over ${span}; the most was ${rate(most(rates))}.`}
          />
        </div>
      </Panel>
      {endsByItself(kind) ? null : (
        <Panel title="Lag">
          {lags.some((lag) => lag !== undefined) ? (
            <div class="p-3">
              <Chart
                times={times}
                series={[{ label: 'lag', tone: 'series-2', values: lags }]}
                format={duration}
                summary={`Greatest lag of each step over ${span}; the most was ${duration(most(lags))}.`}
              />
            </div>
          ) : (
            <Nothing>Nothing arrived in {span} that could be late.</Nothing>
          )}
        </Panel>
      )}
    </div>
  )
}
