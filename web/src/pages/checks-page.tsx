import type { FlowSummary } from 'lockstep/client'
import { useRoute } from 'preact-iso'
import { differences, inWords, took } from '../data/figures.js'
import { useNow } from '../data/now.js'
import { useChecks, useFlows } from '../data/queries.js'
import { ago, count } from '../format.js'
import { chosenFlow, FlowTabs } from '../parts/flow-tabs.js'
import { Loading } from '../parts/loading.js'
import { Paged } from '../parts/paged.js'
import { Nothing, Panel, Scroll } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'
import { Sparkline } from '../parts/sparkline.js'
import { VerdictBadge } from '../parts/verdict-badge.js'

/** Runs of checks, and whether it gets better or worse. */
export function ChecksPage() {
  const named = useRoute().params['flow']
  const { data, error } = useFlows()
  if (data === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  const flows = data.filter(({ kind }) => kind === 'check')
  const flow = chosenFlow(flows, named, ({ condition }) => (condition === 'ok' ? 0 : 1))
  return (
    <>
      <h1 class="mb-1 text-2xl font-semibold tracking-tight">Checks</h1>
      <p class="mb-4 max-w-2xl text-muted">
        Tables held against each other, and stored numbers against recounted ones. A difference is reported once two
        looks saw it.
      </p>
      <FlowTabs
        label="Checks"
        page="checks"
        flows={flows}
        chosen={flow?.name}
        figure={({ lastVerdict }) => lastVerdict?.verdict ?? ''}
      />
      {flow === undefined ? (
        <Nothing>This config has no flow of kind check.</Nothing>
      ) : (
        <Runs key={flow.name} flow={flow} />
      )}
    </>
  )
}

function Runs({ flow }: { readonly flow: FlowSummary }) {
  const pages = useChecks(flow.name)
  const now = useNow()
  const runs = pages.data?.pages.flatMap((page) => page.items) ?? []
  const trend = runs.map(differences).reverse()
  return (
    <Panel
      title="Runs"
      aside={
        trend.length < 2 ? null : (
          <div class="w-40">
            <Sparkline
              values={trend}
              tone="bad"
              label={`differences of the last ${trend.length} runs, newest ${count(trend.at(-1) ?? 0)}`}
            />
          </div>
        )
      }
    >
      <Paged
        pages={pages}
        items={runs.length}
        nothing="No run is kept yet. Runs are kept once the config names a state database."
      >
        <Scroll label="Runs">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col" class="max-sm:hidden">
                  Verdict
                </th>
                <th scope="col">Found</th>
                <th scope="col" class="number max-sm:hidden">
                  Took
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.id}>
                  <td class="whitespace-nowrap">
                    <a href={`/checks/${encodeURIComponent(flow.name)}/${encodeURIComponent(run.id)}`}>
                      <time dateTime={run.startedAt} title={run.startedAt}>
                        {ago(run.startedAt, now)}
                      </time>
                    </a>
                    <p class="mt-0.5 sm:hidden">
                      <VerdictBadge run={run} />
                    </p>
                  </td>
                  <td class="max-sm:hidden">
                    <VerdictBadge run={run} />
                  </td>
                  <td class="wide">{inWords(run)}</td>
                  <td class="number max-sm:hidden">{took(run)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Paged>
    </Panel>
  )
}
