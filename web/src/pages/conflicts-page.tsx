import type { ConflictEntry, FlowSummary } from 'lockstep/client'
import { useRoute } from 'preact-iso'
import { useNow } from '../data/now.js'
import { useConflicts, useFlows } from '../data/queries.js'
import { ago, count } from '../format.js'
import { Badge } from '../parts/badge.js'
import { Cells } from '../parts/cells.js'
import { chosenFlow, FlowTabs } from '../parts/flow-tabs.js'
import { Loading } from '../parts/loading.js'
import { Paged } from '../parts/paged.js'
import { Nothing, Panel } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'

/** Writes that met another row under their key: none was dropped without a trace. */
export function ConflictsPage() {
  const named = useRoute().params['flow']
  const { data, error } = useFlows()
  if (data === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  const flows = data.filter(({ kind }) => kind === 'sync')
  const flow = chosenFlow(flows, named, ({ stored }) => stored?.conflicts ?? 0)
  return (
    <>
      <h1 class="mb-1 text-2xl font-semibold tracking-tight">Conflicts</h1>
      <p class="mb-4 max-w-2xl text-muted">
        Both sides had another row under the same key. The rule of the flow decided; the row that lost is kept here.
      </p>
      <FlowTabs
        label="Flows of kind sync"
        page="conflicts"
        flows={flows}
        chosen={flow?.name}
        figure={({ stored }) => count(stored?.conflicts ?? 0)}
      />
      {flow === undefined ? (
        <Nothing>This config has no flow of kind sync.</Nothing>
      ) : (
        <Conflicts key={flow.name} flow={flow} />
      )}
    </>
  )
}

function Conflicts({ flow }: { readonly flow: FlowSummary }) {
  const pages = useConflicts(flow.name)
  const conflicts = pages.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel title="Recorded">
      <Paged pages={pages} items={conflicts.length} nothing="None is recorded: the sides never disagreed.">
        <ul>
          {conflicts.map((conflict) => (
            <Conflict key={`${conflict.database} ${conflict.id}`} conflict={conflict} />
          ))}
        </ul>
      </Paged>
    </Panel>
  )
}

function Conflict({ conflict }: { readonly conflict: ConflictEntry }) {
  const now = useNow()
  const { incoming, existing, decision, table, times, lastAt } = conflict
  const key = conflict.key.map((value) => value ?? 'NULL').join(', ')
  return (
    <li class="border-b border-line px-4 py-3 last:border-0">
      <p class="flex flex-wrap items-center gap-2">
        <span class="mono font-medium">{key}</span>
        <Badge tone="warn">{decision}</Badge>
        <span class="text-muted">
          {table} · {ago(lastAt, now)}
          {times > 1 ? ` · ${count(times)} times` : ''}
        </span>
      </p>
      <Cells
        label={key}
        columns={[]}
        sides={[
          { name: 'incoming', row: incoming },
          { name: 'existing', row: existing },
        ]}
      />
    </li>
  )
}
