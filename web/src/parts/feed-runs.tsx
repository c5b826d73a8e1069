import { useNow } from '../data/now.js'
import { useFeedRuns } from '../data/queries.js'
import { ago, count } from '../format.js'
import { OutcomeBadge } from './outcome-badge.js'
import { Paged } from './paged.js'
import { Panel, Scroll } from './panel.js'

/** What each run came to, also of those that published nothing. */
export function FeedRuns({ flow }: { readonly flow: string }) {
  const pages = useFeedRuns(flow)
  const now = useNow()
  const runs = pages.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel title="Runs">
      <Paged pages={pages} items={runs.length} nothing="No run is kept. Runs are kept in the state of the config.">
        <Scroll label="Runs">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Outcome</th>
                <th scope="col" class="number max-sm:hidden">
                  Read
                </th>
                <th scope="col" class="number">
                  Rejected
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map(({ id, outcome, sequence, endedAt, read, rejected }) => (
                <tr key={id}>
                  <td class="whitespace-nowrap">
                    <a href={`/feeds/${encodeURIComponent(flow)}/runs/${id}`}>
                      <time dateTime={endedAt} title={`${endedAt}, run ${id}`}>
                        {ago(endedAt, now)}
                      </time>
                    </a>
                  </td>
                  <td class="whitespace-nowrap">
                    <OutcomeBadge outcome={outcome} />{' '}
                    {sequence === null ? null : <span class="text-muted">#{sequence}</span>}
                    <p class="text-xs text-muted sm:hidden">{count(read)} read</p>
                  </td>
                  <td class="number max-sm:hidden">{count(read)}</td>
                  <td class={rejected > 0 ? 'number text-warn' : 'number'}>{count(rejected)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Paged>
    </Panel>
  )
}
