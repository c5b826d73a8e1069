import type { LoadSummary } from '../../flows/load/load-tables.js'
import { count, cut, plural, span } from './format.js'
import type { Paint } from './paint.js'

/** How a load stands. */
export interface LoadView {
  readonly elapsedMs: number
  readonly rows: number
  /** Over the last seconds. */
  readonly rowsPerSecond: number
  readonly errors: number
  readonly perDatabase: readonly { readonly database: string; readonly rows: number }[]
  /** Why the last insert failed, while its database has not taken one since. */
  readonly failing: readonly { readonly database: string; readonly reason: string }[]
}

/** The live view of `lockstep load`, without a line end after the last line. */
export function renderLoad(view: LoadView, options: { width: number; paint: Paint }): string {
  const { paint: colour, width } = options
  const most = Math.max(...view.perDatabase.map(({ rows }) => count(rows).length), count(view.rows).length)
  const line = (rows: number, text: string): string => `  ${count(rows).padStart(most)}  ${cut(text, width - most - 4)}`
  const errors = view.errors > 0 ? colour.yellow(` · ${plural(view.errors, 'error')}`) : ''
  return [
    `${colour.bold('lockstep load')} · ${span(view.elapsedMs)} · ${colour.cyan(`${count(view.rowsPerSecond)} rows/s`)}${errors}`,
    ...view.perDatabase.map(({ database, rows }) => line(rows, database)),
    line(view.rows, 'rows in all'),
    ...view.failing.map(({ database, reason }) =>
      colour.red(`  ${cut(`${database}: ${reason}, trying again`, width - 2)}`),
    ),
  ].join('\n')
}

/** The last word of a load. */
export function renderLoaded(summary: LoadSummary): string {
  const errors = summary.errors === 0 ? '' : `, ${plural(summary.errors, 'failed insert')} tried again`
  const head = `${plural(summary.rows, 'row')} in ${span(summary.seconds * 1000)}: ${count(summary.rowsPerSecond)} rows/s${errors}`
  return [
    head,
    ...summary.perDatabase.map(({ database, table, rows }) => `  ${database} ${table}: ${plural(rows, 'row')}`),
  ].join('\n')
}
