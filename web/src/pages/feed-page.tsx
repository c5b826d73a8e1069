import { useRoute } from 'preact-iso'
import { useFeed, useFeedReport } from '../data/queries.js'
import { bytes, count, moment, plural } from '../format.js'
import { Loading } from '../parts/loading.js'
import { Panel, Scroll } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'
import { Rejections } from '../parts/rejections.js'
import { ShortDigest } from '../parts/short-digest.js'
import { Tile, Tiles } from '../parts/tile.js'

/** One published feed and its files. */
export function FeedPage() {
  const { flow = '', sequence = '' } = useRoute().params
  const name = decodeURIComponent(flow)
  const { data: feed, error } = useFeed(name, Number(sequence))
  const { data: report, error: unread } = useFeedReport(name, feed?.run)
  if (feed === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  return (
    <>
      <p class="mb-1">
        <a href={`/feeds/${flow}`}>All feeds of {name}</a>
      </p>
      <h1 class="mb-1 text-2xl font-semibold tracking-tight">
        {feed.name} #{feed.sequence}
      </h1>
      <p class="mb-4 text-muted">
        {moment(feed.publishedAt)} · {feed.store}
      </p>
      <Tiles>
        <Tile label="Rows" figure={count(feed.rows)} note={`${feed.format}, ${feed.compression}`} />
        <Tile label="Size" figure={bytes(feed.bytes)} note={plural(feed.files.length, 'file')} />
        <Tile label="Rejected rows" figure={count(feed.rejected)} note="cannot be published as they are" />
        <Tile label="Left out by map" figure={count(feed.skipped)} note="on purpose" />
      </Tiles>
      <Panel title="Files">
        <Scroll label="Files">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col" class="number max-sm:hidden">
                  Rows
                </th>
                <th scope="col" class="number max-sm:hidden">
                  Size
                </th>
                <th scope="col">SHA-256</th>
              </tr>
            </thead>
            <tbody>
              {feed.files.map((file) => (
                <tr key={file.name}>
                  <td class="wide">
                    <span class="mono">{file.name}</span>
                    <p class="text-xs text-muted sm:hidden">
                      {plural(file.rows, 'row')} · {bytes(file.bytes)}
                    </p>
                  </td>
                  <td class="number max-sm:hidden">{count(file.rows)}</td>
                  <td class="number max-sm:hidden">{bytes(file.bytes)}</td>
                  <td>
                    <ShortDigest digest={file.sha256} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Panel>
      <div class="mt-4">
        {unread ? <ProblemNote error={unread} /> : null}
        {report === undefined ? null : <Rejections report={report} rejected={feed.rejected} />}
      </div>
      <p class="mt-4 text-muted">
        To read all of it again and hold it against its checksums: <code class="mono">lockstep feed verify {name}</code>
      </p>
    </>
  )
}
