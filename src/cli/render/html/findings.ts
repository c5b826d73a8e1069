import type { Difference } from '../../../core/difference.js'
import type { ReferenceFinding, ReferencesReport, TablesReport } from '../../../core/flow.js'
import type { Row } from '../../../core/table.js'
import { KIND_WORDS } from '../check-runs.js'
import { count, cut } from '../format.js'
import { html, type Markup } from './markup.js'

/** Of a value: a page of a thousand documents is no page. */
const CELL = 400

type Shape = Pick<TablesReport, 'columns' | 'keyColumns'>

/** A line per difference: its key and the names of the columns that differ, no values. */
export function differenceTable(differences: readonly Difference[], shape: Shape): Markup {
  const keyless = shape.keyColumns.length === 0
  const head = keyless ? ['found', 'copies'] : ['found', ...shape.keyColumns, 'differs in']
  const rows = differences.map((difference) => {
    const cells = keyless
      ? [html`<td>${copiesText(difference)}</td>`]
      : difference.key.map((value) => html`<td class="mono">${cell(value)}</td>`)
    const names = keyless ? undefined : html`<td>${differing(difference, shape).join(', ')}</td>`
    return html`<tr><td>${KIND_WORDS[difference.kind]}</td>${cells}${names}</tr>`
  })
  return table(head, rows)
}

/** Both rows of each difference, column by column, with what differs marked. */
export function differenceRows(differences: readonly Difference[], shape: Shape): Markup {
  return html`${differences.map((difference) => {
    const { left, right } = sides(difference)
    const key = shape.keyColumns.map((name, index) => `${name} ${difference.key[index] ?? 'NULL'}`).join(', ')
    const lines = shape.columns.map((name, index) => {
      const off = left !== undefined && right !== undefined && left[index] !== right[index]
      return html`<tr class="${off ? 'off' : ''}"><td>${name}</td>${side('left', left, index)}${side('right', right, index)}</tr>`
    })
    return html`<article class="row"><header><b>${KIND_WORDS[difference.kind]}</b><span class="mono">${cut(key, CELL)}</span><span class="soft">${copiesText(difference)}</span></header><table><thead><tr><th>column</th><th>left</th><th>right</th></tr></thead><tbody>${lines}</tbody></table></article>`
  })}`
}

export function findingTable(findings: readonly ReferenceFinding[], of: ReferencesReport['of']): Markup {
  const rows = findings.map(({ kind, key, stored, expected, sources }) => {
    const by = sources.map(({ name, value }) => `${name} ${value ?? 'NULL'}`).join(', ')
    const has = stored === undefined ? html`<span class="null">no row</span>` : cell(stored)
    return html`<tr><td>${KIND_WORDS[kind]}</td><td class="mono">${cell(key)}</td><td class="mono">${has}</td><td class="mono">${cell(expected)}</td><td>${by}</td></tr>`
  })
  return table(['found', 'key', 'stored', of, 'referred to by'], rows)
}

function table(head: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="wide"><table><thead><tr>${head.map((name) => html`<th>${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`
}

function side(name: 'left' | 'right', row: Row | undefined, index: number): Markup {
  const inner =
    row === undefined
      ? html`<span class="null">${index === 0 ? 'no row' : ''}</span>`
      : html`<span class="cell">${cell(row[index])}</span>`
  return html`<td class="mono" data-side="${name}">${inner}</td>`
}

function cell(value: string | null | undefined): Markup | string {
  if (value === null || value === undefined) return html`<span class="null">NULL</span>`
  return value === '' ? html`<span class="null">empty</span>` : cut(value, CELL)
}

function copiesText(difference: Difference): string {
  if (difference.kind !== 'copies') return ''
  return `left ${count(difference.copies.left)}, right ${count(difference.copies.right)}`
}

function differing(difference: Difference, { columns }: Shape): readonly string[] {
  const { left, right } = sides(difference)
  if (left === undefined || right === undefined) return []
  return columns.filter((_, index) => left[index] !== right[index])
}

function sides(difference: Difference): { readonly left: Row | undefined; readonly right: Row | undefined } {
  return {
    left: 'left' in difference ? difference.left : undefined,
    right: 'right' in difference ? difference.right : undefined,
  }
}
