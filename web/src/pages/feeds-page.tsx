import type { Feed, FlowSummary } from 'lockstep/client'
import { useRoute } from 'preact-iso'
import { useNow } from '../data/now.js'
import { useFeeds, useFlows } from '../data/queries.js'
import { ago, bytes, count, plural } from '../format.js'
import { Badge } from '../parts/badge.js'
import { FeedRuns } from '../parts/feed-runs.js'
import { chosenFlow, FlowTabs } from '../parts/flow-tabs.js'
import { Loading } from '../parts/loading.js'
import { Paged } from '../parts/paged.js'
import { Nothing, Panel, Scroll } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'

/** What was published, newest first. */
export function FeedsPage() {
  const named = useRoute().params['flow']
  const { data, error } = useFlows()
  if (data === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  const flows = data.filter(({ kind }) => kind === 'feed')
  const flow = chosenFlow(flows, named, () => 0)
  return (
    <>
      <h1 class="mb-1 text-2xl font-semibold tracking-tight">Feeds</h1>
      <p class="mb-4 max-w-2xl text-muted">
        A feed is there as a whole or not at all: its manifest is written once every file is.
      </p>
      <FlowTabs label="Feeds" page="feeds" flows={flows} chosen={flow?.name} figure={() => ''} />
      {flow === undefined ? (
        <Nothing>This config has no flow of kind feed.</Nothing>
      ) : (
        <div key={flow.name} class="grid grid-cols-[minmax(0,1fr)] gap-4">
          <Published flow={flow} />
          <FeedRuns flow={flow.name} />
        </div>
      )}
    </>
  )
}

function Published({ flow }: { readonly flow: FlowSummary }) {
  const pages = useFeeds(flow.name)
  const feeds = pages.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel title="Published" aside={<span class="text-muted">{feeds[0]?.store}</span>}>
      <Paged pages={pages} items={feeds.length} nothing="Nothing is published yet.">
        <Scroll label="Published feeds">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Feed</th>
                <th scope="col" class="max-sm:hidden">
                  Published
                </th>
                <th scope="col" class="number max-sm:hidden">
                  Rows
                </th>
                <th scope="col" class="number max-sm:hidden">
                  Files
                </th>
                <th scope="col" class="number max-sm:hidden">
                  Size
                </th>
                <th scope="col" class="number max-sm:hidden">
                  Rejected
                </th>
                <th scope="col" class="max-sm:hidden">
                  Files there
                </th>
              </tr>
            </thead>
            <tbody>
              {feeds.map((feed) => (
                <FeedLine key={feed.sequence} flow={flow.name} feed={feed} />
              ))}
            </tbody>
          </table>
        </Scroll>
      </Paged>
    </Panel>
  )
}

/** On a telephone all of it is in one cell. */
function FeedLine({ flow, feed }: { readonly flow: string; readonly feed: Feed }) {
  const now = useNow()
  const at = feed.publishedAt
  const rejected = feed.rejected ?? 0
  return (
    <tr>
      <td class="max-sm:wrap-anywhere sm:whitespace-nowrap">
        <a href={`/feeds/${encodeURIComponent(flow)}/${feed.sequence}`}>#{feed.sequence}</a>{' '}
        {feed.newest ? <Badge tone="good">current</Badge> : null}{' '}
        {feed.addsTo === null ? null : <span class="text-muted">adds to #{feed.addsTo}</span>}
        <div class="sm:hidden">
          <p class="text-muted">
            {at === null ? '' : `${ago(at, now)} · ${plural(feed.rows ?? 0, 'row')} · ${shown(feed.bytes, bytes)}`}
            {rejected === 0 ? null : <span class="text-warn"> · {count(rejected)} rejected</span>}
          </p>
          <FilesThere feed={feed} />
        </div>
      </td>
      <td class="whitespace-nowrap max-sm:hidden">
        {at === null ? (
          '–'
        ) : (
          <time dateTime={at} title={at}>
            {ago(at, now)}
          </time>
        )}
      </td>
      <td class="number max-sm:hidden">{shown(feed.rows, count)}</td>
      <td class="number max-sm:hidden">{shown(feed.files, count)}</td>
      <td class="number max-sm:hidden">{shown(feed.bytes, bytes)}</td>
      <td class={`number max-sm:hidden ${rejected > 0 ? 'text-warn' : ''}`}>{shown(feed.rejected, count)}</td>
      <td class="wide max-sm:hidden">
        <FilesThere feed={feed} />
      </td>
    </tr>
  )
}

function FilesThere({ feed: { problems } }: { readonly feed: Feed }) {
  if (problems.length === 0) return <Badge tone="good">whole</Badge>
  return problems.map(({ file, problem }) => (
    <p key={file} class="text-bad">
      <span class="mono">{file}</span> {problem}
    </p>
  ))
}

function shown(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value)
}
