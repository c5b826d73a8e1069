import type { ListedFeed } from '../../core/flow.js'
import { type Cell, type Column, columns } from './columns.js'
import { count } from './format.js'
import type { Paint } from './paint.js'

const HEADS: readonly Column[] = [
  { title: 'feed', align: 'right' },
  { title: 'published (UTC)' },
  { title: 'rows', align: 'right' },
  { title: 'files', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'rejected', align: 'right' },
  { title: 'state', cuttable: true },
]

/** A line per feed, newest first. */
export function renderFeeds(feeds: readonly ListedFeed[], options: { width: number; paint: Paint }): string {
  const [first] = feeds
  if (first === undefined) return 'no feed was published'
  const { dim } = options.paint
  const table = columns(
    HEADS,
    feeds.map((feed) => cellsOf(feed, options.paint)),
    { dim, width: options.width },
  )
  return [
    ...table,
    '',
    dim(
      `in ${first.store}; whole: all files are there with their sizes (feed verify reads them, feed show lists them)`,
    ),
  ].join('\n')
}

function cellsOf(feed: ListedFeed, { green, red }: Paint): readonly Cell[] {
  const { sequence, newest, publishedAt, rows, files, bytes, rejected, addsTo, problems } = feed
  const number = (value: number | undefined): Cell => ({ text: value === undefined ? '-' : count(value) })
  const notes = [...(newest ? ['newest'] : []), ...(addsTo === undefined ? [] : [`adds to ${addsTo}`])]
  const [problem] = problems
  const state = problem === undefined ? 'whole' : `damaged: ${problem.file} ${problem.problem}`
  return [
    { text: String(sequence) },
    { text: publishedAt?.slice(0, 19).replace('T', ' ') ?? '-' },
    number(rows),
    number(files),
    number(bytes),
    number(rejected),
    { text: [state, ...notes].join(', '), colour: problem === undefined ? green : red },
  ]
}
