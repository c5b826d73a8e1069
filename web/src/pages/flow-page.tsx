import type { FlowDetail } from 'lockstep/client'
import { useState } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { CONDITION_TONE, stateWord } from '../data/condition.js'
import { useNow } from '../data/now.js'
import { useFlow, useSeries } from '../data/queries.js'
import { ago, count, duration, rate } from '../format.js'
import { Badge } from '../parts/badge.js'
import { Chart } from '../parts/chart.js'
import { FlowCommands } from '../parts/flow-commands.js'
import { FlowCheckpoints, FlowConfig, FlowHappenings, FlowLanes } from '../parts/flow-panels.js'
import { Loading } from '../parts/loading.js'
import { Panel } from '../parts/panel.js'
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
      <Figures flow={flow} />
      <Charts flow={name} />
      <div class="mt-4 grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-2">
        <FlowHappenings flow={name} />
        <FlowLanes lanes={flow.lanes} />
        <FlowCheckpoints flow={flow} />
        <FlowConfig flow={name} />
      </div>
    </>
  )
}

function Trouble({ flow }: { readonly flow: FlowDetail }) {
  const now = useNow()
  if (flow.condition === 'ok' && flow.unhealthy.length === 0)
    return <p class="mb-4 text-muted">{flow.databases.join(' · ')}</p>
  const tone = flow.condition === 'broken' ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn'
  return (
    <div
      class={`mb-4 mt-2 break-words rounded-lg px-4 py-3 ${flow.condition === 'off' ? 'bg-sunken text-muted' : tone}`}
      role="status"
    >
      {flow.reason === null ? null : <p class="font-medium">{flow.reason}</p>}
      {flow.unhealthy.map(({ subject, reason, since }) => (
        <p key={subject}>
          {subject}: {reason ?? 'does not work'} (since {ago(since, now)})
        </p>
      ))}
      {flow.lastError === null || flow.lastError.message === flow.reason ? null : (
        <p class="text-ink">
          {flow.lastError.message}{' '}
          {flow.lastError.code === null ? null : <span class="mono">{flow.lastError.code}</span>}
        </p>
      )}
    </div>
  )
}

function Figures({ flow }: { readonly flow: FlowDetail }) {
  const now = useNow()
  const link = (page: string) => `/${page}/${encodeURIComponent(flow.name)}`
  return (
    <Tiles>
      <Tile
        label="Rate, last 10 s"
        figure={rate(flow.itemsPerSecond)}
        note={`${count(flow.items)} items since the start`}
      />
      <Tile
        label="Lag, last 10 s"
        figure={flow.lagMs === null ? '–' : duration(flow.lagMs)}
        note={flow.lag === null ? '' : `p50 ${duration(flow.lag.p50)}, p99 ${duration(flow.lag.p99)}`}
      />
      <Tile
        label="Retries"
        figure={count(flow.retries)}
        note={flow.startedAt === null ? '' : `started ${ago(flow.startedAt, now)}`}
      />
      <Tile
        label="Dead letters"
        figure={flow.stored === null ? '–' : count(flow.stored.deadLetters)}
        note={flow.stored === null || flow.stored.held === 0 ? '' : `${count(flow.stored.held)} held`}
        {...(flow.kind === 'ingest' || flow.kind === 'relay' || flow.kind === 'sync'
          ? { href: link('dead-letters') }
          : {})}
      />
      {flow.kind === 'sync' ? (
        <Tile label="Conflicts" figure={count(flow.stored?.conflicts ?? 0)} note="" href={link('conflicts')} />
      ) : null}
      {flow.lastVerdict === null ? null : (
        <Tile
          label="Last verdict"
          figure={flow.lastVerdict.verdict}
          note={`${ago(flow.lastVerdict.at, now)}: ${flow.lastVerdict.detail}`}
          {...(flow.kind === 'check' ? { href: link('checks') } : {})}
        />
      )}
      {flow.kind === 'feed' ? (
        <Tile label="Feeds" figure="published" note="files, sizes, checksums" href={link('feeds')} />
      ) : null}
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

function Charts({ flow }: { readonly flow: string }) {
  const [step, setStep] = useState<1 | 10>(1)
  const { data } = useSeries(flow, step)
  const span = step === 1 ? 'the last 5 minutes' : 'the last hour'
  const aside = (
    <div class="flex gap-1 text-xs">
      {([1, 10] as const).map((one) => (
        <button
          key={one}
          type="button"
          class="button"
          aria-pressed={step === one}
          disabled={step === one}
          onClick={() => setStep(one)}
        >
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
    <div class="grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-2">
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
      <Panel title="Lag">
        <div class="p-3">
          <Chart
            times={times}
            series={[{ label: 'lag', tone: 'series-2', values: lags }]}
            format={duration}
            summary={`Greatest lag of each step over ${span}; the most was ${duration(most(lags))}.`}
          />
        </div>
      </Panel>
    </div>
  )
}
