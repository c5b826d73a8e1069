import type { FlowDetail, FlowHappening, FlowLane } from 'lockstep/client'
import { useNow } from '../data/now.js'
import { useAbout, useCheckpoints, useConfig, useHappenings } from '../data/queries.js'
import { ago, count, duration, plural } from '../format.js'
import { Paged } from './paged.js'
import { Nothing, Panel, Scroll } from './panel.js'
import { ProblemNote } from './problem-note.js'
import { ResetCheckpoints } from './reset-checkpoints.js'

const LEVEL: Record<FlowHappening['level'], string> = { info: 'text-muted', warn: 'text-warn', error: 'text-bad' }

export function FlowHappenings({ flow }: { readonly flow: string }) {
  const pages = useHappenings(flow)
  const happenings = pages.data?.pages.flatMap(({ items }) => items) ?? []
  const now = useNow()
  return (
    <Panel title="What happened lately">
      <Paged pages={pages} items={happenings.length} nothing="Nothing has been noted yet.">
        <Scroll label="What happened lately">
          <ol>
            {happenings.map((one) => (
              <li
                key={one.id}
                class="grid grid-cols-[5rem_minmax(0,1fr)] gap-3 border-b border-line px-4 py-2 last:border-0"
              >
                <time class="figure text-xs leading-6 text-muted" dateTime={one.lastAt} title={one.lastAt}>
                  {ago(one.lastAt, now)}
                </time>
                <p>
                  <span class={`font-medium ${LEVEL[one.level]}`}>{one.type}</span> {withoutName(one)}
                  {one.times > 1 ? <span class="text-muted"> ×{count(one.times)}</span> : null}
                  {one.code === null ? null : <span class="mono text-muted"> {one.code}</span>}
                </p>
              </li>
            ))}
          </ol>
        </Scroll>
      </Paged>
    </Panel>
  )
}

/** Most messages begin with what they are about, which stands before them already. */
function withoutName({ type, message }: FlowHappening): string {
  if (message.startsWith(type)) return message.slice(type.length).replace(/^: /, '').trim()
  return message.endsWith(` ${type}`) ? message.slice(0, -type.length).trim() : message
}

export function FlowLanes({ lanes }: { readonly lanes: readonly FlowLane[] }) {
  const now = useNow()
  const watches = useAbout().data?.mode === 'watch'
  return (
    <Panel title="Lanes">
      {lanes.length === 0 ? (
        <Nothing>{watches ? 'Only the process that runs the flow knows its lanes.' : 'No batch yet.'}</Nothing>
      ) : (
        <Scroll label="Lanes">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Lane</th>
                <th scope="col" class="number max-sm:hidden">
                  Items
                </th>
                <th scope="col" class="number max-sm:hidden">
                  Lag
                </th>
                <th scope="col" class="number max-sm:hidden">
                  Last batch
                </th>
              </tr>
            </thead>
            <tbody>
              {lanes.map((lane) => (
                <tr key={lane.lane}>
                  <td class="wide">
                    <span class="mono">{lane.lane}</span>
                    <p class="figure text-xs text-muted sm:hidden">
                      {plural(lane.items, 'item')}
                      {lane.lagMs === null ? '' : ` · lag ${duration(lane.lagMs)}`} · last batch{' '}
                      {ago(lane.lastBatchAt, now)}
                    </p>
                  </td>
                  <td class="number max-sm:hidden">{count(lane.items)}</td>
                  <td class="number max-sm:hidden">{lane.lagMs === null ? '–' : duration(lane.lagMs)}</td>
                  <td class="number max-sm:hidden">{ago(lane.lastBatchAt, now)}</td>
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
      {data.length === 0 && error === null ? (
        <Nothing>None is kept: nothing was stored yet, or the broker remembers where the flow stands.</Nothing>
      ) : null}
      <dl>
        {data.map(({ database, lane, position }) => (
          <div key={`${database} ${lane}`} class="border-b border-line px-4 py-2 last:border-0">
            <dt class="text-xs text-muted">
              <span class="mono text-ink">{lane}</span> in {database}
            </dt>
            <dd class="mono line-clamp-3">{position}</dd>
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
        <pre class="mono whitespace-pre-wrap p-4">
          {data === undefined ? '' : JSON.stringify(data.options, null, 2)}
        </pre>
      </Scroll>
    </Panel>
  )
}
