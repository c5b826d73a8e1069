import type { FlowSummary } from 'lockstep/client'
import { useRoute } from 'preact-iso'
import { useNow } from '../data/now.js'
import { useFeeds, useFlows } from '../data/queries.js'
import { ago, bytes, count } from '../format.js'
import { Badge } from '../parts/badge.js'
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
        <Published key={flow.name} flow={flow} />
      )}
    </>
  )
}

function Published({ flow }: { readonly flow: FlowSummary }) {
  const pages = useFeeds(flow.name)
  const now = useNow()
  const feeds = pages.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel title="Published" aside={<span class="break-all text-muted">{feeds[0]?.store}</span>}>
      <Paged pages={pages} items={feeds.length} nothing="Nothing is published yet.">
        <Scroll label="Published feeds">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Feed</th>
                <th scope="col">Published</th>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col" class="number">
                  Files
                </th>
                <th scope="col" class="number">
                  Size
                </th>
                <th scope="col">Files there</th>
              </tr>
            </thead>
            <tbody>
              {feeds.map((feed) => (
                <tr key={feed.sequence}>
                  <td class="whitespace-nowrap">
                    <a href={`/feeds/${encodeURIComponent(flow.name)}/${feed.sequence}`}>#{feed.sequence}</a>{' '}
                    {feed.newest ? <Badge tone="good">current</Badge> : null}{' '}
                    {feed.addsTo === null ? null : <span class="text-muted">adds to #{feed.addsTo}</span>}
                  </td>
                  <td class="whitespace-nowrap">
                    {feed.publishedAt === null ? (
                      '–'
                    ) : (
                      <time dateTime={feed.publishedAt} title={feed.publishedAt}>
                        {ago(feed.publishedAt, now)}
                      </time>
                    )}
                  </td>
                  <td class="number">{shown(feed.rows, count)}</td>
                  <td class="number">{shown(feed.files, count)}</td>
                  <td class="number">{shown(feed.bytes, bytes)}</td>
                  <td>
                    {feed.problems.length === 0 ? (
                      <Badge tone="good">whole</Badge>
                    ) : (
                      feed.problems.map(({ file, problem }) => (
                        <p key={file} class="break-words text-bad">
                          <span class="mono">{file}</span> {problem}
                        </p>
                      ))
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Paged>
    </Panel>
  )
}

function shown(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value)
}
