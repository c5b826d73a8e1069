import type { CheckReport, TablesReport } from '../../core/flow.js'
import { count, plural, span } from './format.js'
import type { Paint } from './paint.js'

/** What `lockstep check` says: the verdict first, all of it on one screen. */
export function renderCheck(flow: string, report: TablesReport, paint: Paint): string {
  const { verdict } = report
  const width = Math.max(count(report.rows.left).length, count(report.rows.right).length)
  const side = (name: string, label: string, rows: bigint): string =>
    `  ${paint.dim(name.padEnd(6))} ${count(rows).padStart(width)} ${rows === 1n ? 'row ' : 'rows'}${report.sample === undefined ? '' : ' of the sample'}  ${label}`
  const lines = [
    verdictLine(flow, verdict, paint, report.sample),
    '',
    side('left', report.left, report.rows.left),
    side('right', report.right, report.rows.right),
    '',
    ...counts(report, paint),
    `  ${paint.dim(`${report.keyColumns.length === 0 ? 'no key' : `key ${report.keyColumns.join(', ')}`} · ${plural(report.columns.length, 'column')} compared · ${plural(report.fetchedRows, 'row')} fetched · ${span(report.durationMs)}`)}`,
    ...sharing(report).map((line) => `  ${paint.dim(line)}`),
    ...interruption(flow, report).map((line) => `  ${paint.dim(line)}`),
    ...(report.notes ?? []).map((note) => `  ${paint.dim(note)}`),
  ]
  return lines.join('\n')
}

/** Who did it, where it was not this process. */
export function sharing({ distributed }: CheckReport): readonly string[] {
  if (distributed === undefined) return []
  const { ranges, workers, by, ownMoments } = distributed
  const moments =
    ownMoments === 0 ? 'in one snapshot of each database' : `${ownMoments} of them read at their own moments`
  const cut = by === 'key' ? '' : ', by hash: each a pass over the whole table'
  return [`${plural(ranges, 'range')} by ${plural(workers, 'worker')}, ${moments}${cut}`]
}

/** What a report says of having been interrupted, or of having gone on. */
export function interruption(flow: string, { resumed, resumable }: CheckReport): readonly string[] {
  return [
    ...(resumed === undefined
      ? []
      : [
          `resumed from ${resumed.savedAt}: a run over two snapshots; ${plural(resumed.findings, 'finding')} of its first part counted, not told again`,
        ]),
    ...(resumable === undefined ? [] : [`interrupted; to go on: lockstep check ${flow} --resume`]),
  ]
}

/** `blobs: the same`, in its colour. */
export function verdictLine(
  flow: string,
  verdict: CheckReport['verdict'],
  paint: Paint,
  sample?: TablesReport['sample'],
): string {
  const of = sample === undefined ? '' : `, in a sample of ${shareText(sample.share)} of the rows (seed ${sample.seed})`
  return colourOf(verdict, paint)(paint.bold(`${flow}: ${WORDS[verdict]}${of}`))
}

/** `0.5 %` */
function shareText(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`
}

const WORDS: Readonly<Record<CheckReport['verdict'], string>> = {
  same: 'the same',
  different: 'different',
  unverified: 'unverified: rows were still changing, or a side could not be read to its end',
}

function colourOf(verdict: CheckReport['verdict'], paint: Paint): (text: string) => string {
  return { same: paint.green, different: paint.red, unverified: paint.yellow }[verdict]
}

function counts(report: TablesReport, paint: Paint): readonly string[] {
  const found = [
    { value: report.missingLeft, text: 'only on the right' },
    { value: report.missingRight, text: 'only on the left' },
    { value: report.changed, text: 'on both sides with different values' },
    { value: report.copies ?? 0, text: 'not as often on one side as on the other' },
    { value: report.unstable, text: 'changing all the time, not judged' },
  ].filter(({ value }) => value > 0)
  if (found.length === 0) return []
  const width = Math.max(...found.map(({ value }) => count(value).length))
  return [
    ...found.map(
      ({ value, text }) => `  ${paint.bold(count(value).padStart(width))} ${value === 1 ? 'row' : 'rows'} ${text}`,
    ),
    '',
  ]
}
