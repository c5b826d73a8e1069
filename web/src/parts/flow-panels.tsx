import type { FlowDetail, FlowHappening, FlowLane } from 'lockstep/client'
import { useNow } from '../data/now.js'
import { useCheckpoints, useConfig, useHappenings } from '../data/queries.js'
import { ago, count, duration } from '../format.js'
import { Nothing, Panel, Scroll } from './panel.js'
import { ProblemNote } from './problem-note.js'
import { ResetCheckpoints } from './reset-checkpoints.js'

const LEVEL: Record<FlowHappening['level'], string> = { info: 'text-muted', warn: 'text-warn', error: 'text-bad' }

export function FlowHappenings({ flow }: { readonly flow: string }) {
  const { data = [], error } = useHappenings(flow)
  const now = useNow()
  return (
    <Panel title="What happened lately">
      {error === null ? null : <ProblemNote error={error} />}
      {data.length === 0 ? <Nothing>Nothing worth telling.</Nothing> : null}
      <Scroll label="What happened lately">
        <ol>
          {data.map((one) => (
            <li
              key={one.sequence}
              class="grid grid-cols-[5rem_minmax(0,1fr)] gap-3 border-b border-line px-4 py-2 last:border-0"
            >
              <time class="figure text-xs leading-6 text-muted" dateTime={one.lastAt} title={one.lastAt}>
                {ago(one.lastAt, now)}
              </time>
              <p class="break-words">
                <span class={`font-medium ${LEVEL[one.level]}`}>{one.type}</span> {one.message}
                {one.times > 1 ? <span class="text-muted"> ×{count(one.times)}</span> : null}
                {one.code === null ? null : <span class="mono text-muted"> {one.code}</span>}
              </p>
            </li>
          ))}
        </ol>
      </Scroll>
    </Panel>
  )
}

export function FlowLanes({ lanes }: { readonly lanes: readonly FlowLane[] }) {
  const now = useNow()
  return (
    <Panel title="Lanes">
      {lanes.length === 0 ? (
        <Nothing>No batch yet.</Nothing>
      ) : (
        <Scroll label="Lanes">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Lane</th>
                <th scope="col" class="number">
                  Items
                </th>
                <th scope="col" class="number">
                  Lag
                </th>
                <th scope="col" class="number">
                  Last batch
                </th>
              </tr>
            </thead>
            <tbody>
              {lanes.map((lane) => (
                <tr key={lane.lane}>
                  <td class="mono">{lane.lane}</td>
                  <td class="number">{count(lane.items)}</td>
                  <td class="number">{lane.lagMs === null ? '–' : duration(lane.lagMs)}</td>
                  <td class="number">{ago(lane.lastBatchAt, now)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  )
}

export function FlowCheckpoints({ flow }: { readonly flow: FlowDetail }) {
  const { data = [], error } = useCheckpoints(flow.name)
  return (
    <Panel
      title="Checkpoints"
      aside={flow.actions.includes('reset') && data.length > 0 ? <ResetCheckpoints flow={flow.name} /> : null}
    >
      {error === null ? null : <ProblemNote error={error} />}
      {data.length === 0 ? <Nothing>No position is kept for this flow.</Nothing> : null}
      <dl>
        {data.map(({ database, lane, position }) => (
          <div key={`${database} ${lane}`} class="border-b border-line px-4 py-2 last:border-0">
            <dt class="text-xs text-muted">
              <span class="mono text-ink">{lane}</span> in {database}
            </dt>
            <dd class="mono line-clamp-3 break-all">{position}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

export function FlowConfig({ flow }: { readonly flow: string }) {
  const { data, error } = useConfig(flow)
  return (
    <Panel title="Config">
      {error === null ? null : <ProblemNote error={error} />}
      <Scroll label="Config">
        <pre class="mono p-4">{data === undefined ? '' : JSON.stringify(data.options, null, 2)}</pre>
      </Scroll>
    </Panel>
  )
}
