import { assertComparable } from '../../compare/comparable.js'
import type { TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../core/errors.js'
import { readable } from '../open-table.js'
import type { SyncSettings } from './settings.js'

/** What would stop or slow the sync: each side by itself, then the two together. Nothing is changed. */
export async function diagnoseSync({ left, right }: SyncSettings, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const each = (await Promise.all([left.diagnose('mirror', signal), right.diagnose('mirror', signal)])).flat()
  if (each.some((diagnosis) => diagnosis.level === 'error')) return each
  return [...each, await diagnosePair(left, right, signal)]
}

async function diagnosePair(left: TableRef, right: TableRef, signal: AbortSignal): Promise<Diagnosis> {
  const subject = `${left.name} between ${left.database.label} and ${right.database.label}`
  try {
    const [one, other] = await Promise.all([readable(left, 'sync').open(signal), readable(right, 'sync').open(signal)])
    const [here, there] = await Promise.all([left.database.identify(signal), right.database.identify(signal)])
    if (here.id === there.id && one.schema.name === other.schema.name) {
      return {
        level: 'error',
        subject,
        message: 'both sides are one and the same table',
        fix: 'name two different databases',
      }
    }
    assertComparable(one, other, 'sync')
    return { level: 'ok', subject, message: 'the tables have the same columns and key' }
  } catch (error) {
    if (error instanceof ConfigError) return { level: 'error', subject, message: error.problem, fix: error.fix }
    if (error instanceof LockstepError) return { level: 'error', subject, message: error.message }
    throw error
  }
}

export function syncGrants(
  { left, right }: SyncSettings,
  role: string,
  signal: AbortSignal,
): Promise<readonly GrantList[]> {
  return Promise.all([left.grants('mirror', role, signal), right.grants('mirror', role, signal)])
}
