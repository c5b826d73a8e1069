import type { FeedDetail } from '../../client/wire/feeds.js'
import type { FeedReport, RejectionReason } from '../../core/feed-run.js'
import { type Column, columns } from './columns.js'
import { outcomeColour, tookText } from './feed-runs.js'
import { count, cut, plural, visible } from './format.js'
import type { Paint } from './paint.js'

export interface FeedSheetOptions {
  readonly flow: string
  /** Of each reason. */
  readonly keys: number
  readonly width: number
  readonly paint: Paint
}

const FILES: readonly Column[] = [
  { title: 'file' },
  { title: 'rows', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'sha256', cuttable: true },
]

interface Shown {
  readonly feed: FeedDetail | undefined
  readonly report: FeedReport | undefined
}

/** A published feed with its files, and what its run rejected and why. */
export function renderFeedSheet({ feed, report }: Shown, options: FeedSheetOptions): string {
  const { paint, flow, width } = options
  const files = (feed?.files ?? []).map((file) => [
    { text: file.name },
    { text: count(file.rows) },
    { text: count(file.bytes) },
    { text: file.sha256 },
  ])
  return [
    head({ feed, report }, options),
    ...(feed === undefined ? [] : facts(feed, paint)),
    ...(report === undefined ? [] : runFacts(report, paint)),
    ...(files.length === 0 ? [] : ['', ...columns(FILES, files, { dim: paint.dim, width })]),
    ...(report === undefined ? unreported(feed, flow, paint) : rejections(report, options)),
  ].join('\n')
}

function head({ feed, report }: Shown, { flow, paint }: FeedSheetOptions): string {
  const at = (iso: string): string => paint.dim(`${iso.slice(0, 19).replace('T', ' ')} UTC`)
  if (feed !== undefined) {
    return `${paint.bold(`feed ${feed.sequence}`)} of ${flow}  ${paint.green('published')}  ${at(feed.publishedAt)}`
  }
  if (report === undefined) return ''
  const { id, outcome, sequence, endedAt } = report
  const which = sequence === undefined ? '' : `: feed ${sequence}`
  return `${paint.bold(`run ${id}`)} of ${flow}  ${outcomeColour(outcome, paint)(outcome)}${which}  ${at(endedAt)}`
}

function facts(feed: FeedDetail, paint: Paint): readonly string[] {
  const { manifest, store, format, compression, rows, bytes, files, addsTo, descriptor, skipped, rejected } = feed
  const size = `${plural(rows, 'row')} in ${plural(files.length, 'file')}, ${count(bytes)} bytes, ${format}, ${compression}`
  return [
    fact('manifest', `${manifest} in ${visible(store)}`, paint),
    fact('has', addsTo === null ? size : `${size}; adds to feed ${addsTo}`, paint),
    ...(descriptor === null ? [] : [fact('descriptor', descriptor, paint)]),
    fact('without', `${plural(skipped, 'row')} that map left out, ${count(rejected)} rejected`, paint),
  ]
}

function runFacts(report: FeedReport, paint: Paint): readonly string[] {
  const { id, read, skipped, rejected, error, outcome } = report
  const figures = `read ${plural(read, 'row')} in ${tookText(report)}`
  const left = outcome === 'published' ? '' : `; map left out ${count(skipped)}, rejected ${count(rejected)}`
  return [
    fact('run', `${id}, ${figures}${left}`, paint),
    ...(error === undefined ? [] : [fact('error', `${paint.red(error.code)}: ${visible(error.message)}`, paint)]),
  ]
}

function fact(name: string, text: string, paint: Paint): string {
  return `  ${paint.dim(name.padEnd(10))} ${text}`
}

function rejections({ reasons, others, keyColumns }: FeedReport, options: FeedSheetOptions): readonly string[] {
  if (reasons.length === 0) return []
  const { paint } = options
  const key = keyColumns.length === 0 ? '' : `, and ${keyColumns.map(visible).join(' / ')} of the first`
  return [
    '',
    paint.dim(`rejected rows by reason${key}`),
    ...reasons.flatMap((reason) => reasonLines(reason, options)),
    ...(others === 0 ? [] : [`${count(others).padStart(9)}  ${paint.dim('for other reasons')}`]),
  ]
}

function reasonLines(
  { code, reason, count: times, keys }: RejectionReason,
  options: FeedSheetOptions,
): readonly string[] {
  const { paint, width, keys: most } = options
  const line = `${paint.yellow(count(times).padStart(9))}  ${paint.bold(code)}: ${visible(reason)}`
  const some = keys.slice(0, most).map((key) => visible(key.map((value) => value ?? 'NULL').join(' / ')))
  const more = times - some.length
  const rest = more > 0 && some.length > 0 ? `, and ${count(more)} more` : ''
  if (some.length === 0) return [line]
  return [line, `${' '.repeat(11)}${cut(some.join(', '), Math.max(20, width - 11 - rest.length))}${rest}`]
}

function unreported(feed: FeedDetail | undefined, flow: string, paint: Paint): readonly string[] {
  if (feed === undefined || feed.rejected === 0) return []
  const why = `the report of its run is not kept, so which rows were rejected is not known here (state of the config, history of ${flow})`
  return ['', paint.dim(why)]
}
