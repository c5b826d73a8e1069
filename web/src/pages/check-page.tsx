import type { CheckRun } from 'lockstep/client'
import { useState } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { inWords, took } from '../data/figures.js'
import { useCheck, useFindings } from '../data/queries.js'
import { count, moment } from '../format.js'
import { FindingRow } from '../parts/finding-row.js'
import { Loading } from '../parts/loading.js'
import { Paged } from '../parts/paged.js'
import { Panel } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'
import { RepairPanel } from '../parts/repair-panel.js'
import { VerdictBadge } from '../parts/verdict-badge.js'

/** One run of a check: what it found, row beside row. */
export function CheckPage() {
  const { flow = '', id = '' } = useRoute().params
  const name = decodeURIComponent(flow)
  const { data: run, error } = useCheck(name, decodeURIComponent(id))
  if (run === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  return (
    <>
      <p class="mb-1">
        <a href={`/checks/${flow}`}>All runs of {name}</a>
      </p>
      <div class="mb-1 flex flex-wrap items-center gap-3">
        <h1 class="text-2xl font-semibold tracking-tight">{run.error === null ? inWords(run) : 'No verdict'}</h1>
        <VerdictBadge run={run} />
      </div>
      <p class="mb-4 text-muted">
        {moment(run.startedAt)} · {took(run)}
        {run.of === null || run.of === 'count' ? '' : ` · ${run.of}`}
      </p>
      {run.error === null ? null : (
        <p class="mb-4 rounded-lg bg-bad-soft px-4 py-3 text-bad">
          {run.error.message} <span class="mono text-ink">{run.error.code}</span>
        </p>
      )}
      <Sources run={run} />
      <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
        <RepairPanel flow={name} run={run} />
        <Findings flow={name} run={run} />
      </div>
    </>
  )
}

function Findings({ flow, run }: { readonly flow: string; readonly run: CheckRun }) {
  const [kind, setKind] = useState<string>()
  const pages = useFindings(flow, run.id, kind)
  const findings = pages.data?.pages.flatMap((page) => page.items) ?? []
  const kinds = Object.keys(run.found).filter((one) => (run.found[one] ?? 0) > 0)
  return (
    <Panel title={titleOf(run)}>
      {kinds.length > 1 ? (
        <div class="flex flex-wrap gap-2 border-b border-line px-4 py-2">
          {[undefined, ...kinds].map((one) => (
            <button
              key={one ?? 'all'}
              type="button"
              class="button text-xs"
              aria-pressed={kind === one}
              onClick={() => setKind(one)}
            >
              {one ?? 'all kinds'}
            </button>
          ))}
        </div>
      ) : null}
      <Paged pages={pages} items={findings.length} nothing="Nothing was found, or findings are not kept.">
        <ul>
          {findings.map((finding) => (
            <FindingRow key={finding.number} finding={finding} run={run} />
          ))}
        </ul>
      </Paged>
    </Panel>
  )
}

function titleOf({ found, kept }: CheckRun): string {
  const all = Object.values(found).reduce((sum, times) => sum + times, 0)
  if (all === 0) return 'Findings'
  return all === kept ? `Findings (${count(all)})` : `Findings (${count(all)}, of which ${count(kept)} are kept)`
}

/** What was compared, with its filters, as the config had it then. */
function Sources({ run }: { readonly run: CheckRun }) {
  return (
    <dl class="mb-4 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
      {run.sources.map(({ role, label, where, query }) => (
        <div key={`${role} ${label}`} class="contents">
          <dt class="text-muted">{role}</dt>
          <dd>
            {label}
            {where === null ? null : <code class="mono"> where {where}</code>}
            {query === null ? null : <code class="mono"> {query}</code>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
