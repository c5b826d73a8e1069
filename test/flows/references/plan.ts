import type { CheckOptions, FlowContext, ReferenceFinding, ReferencesReport } from '../../../src/core/flow.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import { check } from '../../../src/flows/check/check.js'
import type { ReferencesCheck } from '../../../src/flows/check/references/options.js'

const never = new AbortController().signal

export interface Checked {
  readonly report: ReferencesReport
  readonly findings: readonly ReferenceFinding[]
  /** `kind stored expected` by key. */
  readonly byKey: ReadonlyMap<string, string>
  readonly events: readonly FlowEvent[]
}

/** Runs a check of references and keeps what it tells; a key that is told twice is a failure. */
export async function checkReferences(options: ReferencesCheck, asked: CheckOptions = {}): Promise<Checked> {
  const events: FlowEvent[] = []
  const findings: ReferenceFinding[] = []
  const observer = (event: FlowEvent): void => void events.push(event)
  const context: FlowContext = { name: 'blobs', observer, drain: never, abort: never, untilCaughtUp: true }
  const report = await check
    .references(options)
    .check?.(context, { ...asked, finding: (finding) => findings.push(finding) })
  if (report?.kind !== 'references') throw new Error('a check of references reports references')
  const byKey = new Map(
    findings.map(({ key, kind, stored, expected }) => [key, `${kind} ${stored ?? String(stored)} ${expected}`]),
  )
  if (byKey.size !== findings.length) throw new Error('a key was reported twice')
  return { report, findings, byKey, events }
}
