import { isDeepStrictEqual } from 'node:util'
import type { CheckSubject, RowFinding, StoredFinding } from '../../../core/check-store.js'
import { ConfigError } from '../../../core/errors.js'
import type { RepairOptions } from '../../../core/repair.js'
import type { StoredRepairReport, StoredRepairRequest } from '../../../core/stored-repair.js'
import type { Row } from '../../../core/table.js'
import { isCut } from '../history/finding.js'
import { type Mender, ORPHANS, UNSTABLE } from './mender.js'

/** Rows may be large, and somebody waits: fewer at one time than a script in a file takes. */
export const EARLIER_CHUNK = 20

export function originOf(flow: string, { run }: StoredRepairRequest): string {
  return `lockstep: repairs what run ${run.id} of check ${flow} found, from the rows as they are now`
}

export function scriptOf({ side, delete: deletes, write }: StoredRepairRequest): RepairOptions {
  const all = { mode: 'sql', delete: deletes, maxRepairs: Number.POSITIVE_INFINITY, write } as const
  return side === undefined ? all : { ...all, side }
}

/** Throws a `ConfigError` where the keys that were found are keys of something else by now. */
export function assertSameSubject(now: CheckSubject, { run }: StoredRepairRequest, key: string): void {
  const whole = (subject: CheckSubject): unknown => ({ ...subject, sample: null })
  if (!isDeepStrictEqual(whole(now), whole(run.subject))) throw changed(key, 'compares something else')
}

/** As above, of the columns by which rows are found. */
export function assertSameKey(columns: readonly string[], { run: { report } }: StoredRepairRequest, key: string): void {
  if (report?.kind === 'tables' && !isDeepStrictEqual([...columns], [...report.keyColumns])) {
    throw changed(key, 'finds rows by another key')
  }
}

/** The findings of two tables, on their way into a script. */
export async function mendRows(mender: Mender, request: StoredRepairRequest): Promise<StoredRepairReport> {
  let considered = 0
  for (const finding of request.findings) {
    if (request.isFull()) break
    considered += 1
    if (isRow(finding)) await mender.addUnseen(finding.key)
    else mender.leave(reasonOf(finding), keyOf(finding))
  }
  return { ...(await mender.finish()), considered }
}

/** Why a finding cannot be repaired, whatever is there now; `undefined`: it can. */
export function leftAlone(finding: StoredFinding): string | undefined {
  if (finding.kind === 'orphan') return ORPHANS
  if (finding.kind === 'unstable' || finding.kind === 'copies') return UNSTABLE
  return keyOf(finding).some(isCut) ? 'its key is too long to have been kept whole' : undefined
}

function isRow(finding: StoredFinding): finding is RowFinding & { readonly number: number } {
  return finding.about === 'row' && leftAlone(finding) === undefined
}

function reasonOf(finding: StoredFinding): string {
  return leftAlone(finding) ?? 'it is no row'
}

function keyOf({ key }: StoredFinding): Row {
  return typeof key === 'string' ? [key] : key
}

function changed(key: string, how: string): ConfigError {
  return new ConfigError({
    code: 'check-changed',
    key,
    message: `the check ${how} than when the run was made`,
    fix: 'run the check again, and take the findings of that run',
  })
}
