import type { FeedReport } from 'lockstep/client'
import { useRoute } from 'preact-iso'
import { useFeedReport } from '../data/queries.js'
import { bytes, count, duration, moment, plural } from '../format.js'
import { Loading } from '../parts/loading.js'
import { OutcomeBadge } from '../parts/outcome-badge.js'
import { Nothing } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'
import { Rejections } from '../parts/rejections.js'
import { Tile, Tiles } from '../parts/tile.js'

/** One run of a feed, whatever came of it. */
export function FeedRunPage() {
  const { flow = '', run = '' } = useRoute().params
  const name = decodeURIComponent(flow)
  const { data: report, error } = useFeedReport(name, run)
  if (report === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  return (
    <>
      <p class="mb-1">
        <a href={`/feeds/${flow}`}>All feeds of {name}</a>
      </p>
      <div class="mb-1 flex flex-wrap items-center gap-3">
        <h1 class="text-2xl font-semibold tracking-tight">A run of {name}</h1>
        {report === null ? null : <OutcomeBadge outcome={report.outcome} />}
      </div>
      {report === null ? <Nothing>No run of this id is kept.</Nothing> : <Report flow={flow} report={report} />}
    </>
  )
}

function Report({ flow, report }: { readonly flow: string; readonly report: FeedReport }) {
  const { id, outcome, startedAt, endedAt, sequence, error } = report
  return (
    <>
      <p class="mb-4 text-muted">
        {moment(endedAt)} · took {duration(Date.parse(endedAt) - Date.parse(startedAt))} · run {id}
        {sequence === null ? null : (
          <>
            {' · '}
            <a href={`/feeds/${flow}/${sequence}`}>
              {outcome === 'unchanged' ? 'still right: ' : ''}feed #{sequence}
            </a>
          </>
        )}
      </p>
      {error === null ? null : (
        <div class="mb-4 rounded-lg bg-bad-soft px-4 py-3 text-bad">
          <p class="font-medium">{error.message}</p>
          <p class="mono mt-1 text-ink">{error.code}</p>
        </div>
      )}
      <Tiles>
        <Tile label="Rows read" figure={count(report.read)} note="of the table" />
        <Tile
          label="Rows written"
          figure={count(report.rows)}
          note={`${plural(report.files, 'file')}, ${bytes(report.bytes)}`}
        />
        <Tile label="Rejected rows" figure={count(report.rejected)} note="cannot be published as they are" />
        <Tile label="Left out by map" figure={count(report.skipped)} note="on purpose" />
      </Tiles>
      <Rejections report={report} rejected={report.rejected} />
    </>
  )
}
