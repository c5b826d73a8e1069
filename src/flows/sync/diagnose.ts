import { assertComparable } from '../../compare/comparable.js'
import type { TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../core/errors.js'
import { readable } from '../open-table.js'
import { pairsOf, type SyncSettings } from './settings.js'

/** What would stop or slow the sync: each side by itself, then each two together. Nothing is changed. */
export async function diagnoseSync({ sides }: SyncSettings, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const each = (await Promise.all(sides.map((side) => side.diagnose('mirror', signal)))).flat()
  if (each.some((diagnosis) => diagnosis.level === 'error')) return each
  const pairs = pairsOf(sides.length).flatMap(({ left, right }) => {
    const [one, other] = [sides[left], sides[right]]
    return one === undefined || other === undefined ? [] : [diagnosePair(one, other, signal)]
  })
  return [...each, ...(await Promise.all(pairs))]
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

export function syncGrants({ sides }: SyncSettings, role: string, signal: AbortSignal): Promise<readonly GrantList[]> {
  return Promise.all(sides.map((side) => side.grants('mirror', role, signal)))
}
