import type { CheckReport } from '../../core/flow.js'
import { plural } from './format.js'
import { xmlText } from './xml.js'

/** A report as JUnit XML: one test case per pair of tables, or for the stored number and each column that refers to it. */
export function renderJunit(flow: string, report: CheckReport, orphans: ReadonlyMap<string, number>): string {
  const cases = report.kind === 'tables' ? [tablesCase(report)] : referenceCases(report, orphans)
  const seconds = (report.durationMs / 1_000).toFixed(3)
  const failures = cases.filter(({ fault }) => fault?.kind === 'failure').length
  const errors = cases.filter(({ fault }) => fault?.kind === 'error').length
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" time="${seconds}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${xmlText(flow)}" ${counts}>`,
    ...cases.map((one) => testCase(flow, one)),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n')
}

interface Case {
  readonly name: string
  readonly fault: { readonly kind: 'failure' | 'error'; readonly message: string } | undefined
}

function testCase(flow: string, { name, fault }: Case): string {
  const head = `    <testcase classname="${xmlText(flow)}" name="${xmlText(name)}"`
  if (fault === undefined) return `${head}/>`
  return `${head}><${fault.kind} message="${xmlText(fault.message)}"/></testcase>`
}

function tablesCase(report: CheckReport & { readonly kind: 'tables' }): Case {
  const message = listed([
    [report.missingLeft, 'only on the right'],
    [report.missingRight, 'only on the left'],
    [report.changed, 'with different values'],
    [report.copies ?? 0, 'not in as many copies'],
    [report.unstable, 'changing all the time'],
  ])
  return { name: `${report.left} = ${report.right}`, fault: faultOf(report.verdict, message) }
}

function referenceCases(
  report: CheckReport & { readonly kind: 'references' },
  orphans: ReadonlyMap<string, number>,
): readonly Case[] {
  const { master, references, verdict, mismatch, unreferenced, unstable } = report
  const message = listed([
    [mismatch, 'stored and recounted differently'],
    [unreferenced, 'that nothing refers to'],
    [unstable, 'changing all the time'],
  ])
  const own = message === '' ? undefined : faultOf(mismatch + unreferenced > 0 ? 'different' : 'unverified', message)
  const unread = verdict === 'unverified' ? faultOf(verdict, '') : undefined
  return [
    { name: master.label, fault: own ?? unread },
    ...references.map(({ label, name }): Case => {
      const found = orphans.get(name) ?? 0
      if (found === 0) return { name: label, fault: unread }
      return { name: label, fault: faultOf('different', `${plural(found, 'key')} of which there is no row`) }
    }),
  ]
}

function faultOf(verdict: CheckReport['verdict'], message: string): Case['fault'] {
  if (verdict === 'same') return undefined
  if (verdict === 'different') return { kind: 'failure', message }
  return { kind: 'error', message: message === '' ? 'unverified: a side could not be read to its end' : message }
}

function listed(found: readonly (readonly [number, string])[]): string {
  return found
    .filter(([rows]) => rows > 0)
    .map(([rows, text]) => `${plural(rows, 'key')} ${text}`)
    .join(', ')
}
