import { LOOKUP_KEYS } from '../../../core/groups.js'
import type { StoredRepairReport, StoredRepairRequest } from '../../../core/stored-repair.js'
import { leftAlone } from '../repair/earlier-run.js'
import { type Mender, ORPHANS } from '../repair/mender.js'
import type { StoredRepairs } from '../repair/stored-repairs.js'
import { observe } from './observe.js'
import { type Opened, withSnapshots } from './opened.js'
import type { Observation } from './rule.js'

export interface NumberMending {
  readonly opened: Opened
  readonly stored: StoredRepairs
  readonly mender: Mender
  readonly signal: AbortSignal
}

/** The stored numbers that an earlier run found wrong, recounted, and on their way into a script where they still are. */
export async function mendNumbers(
  { opened, stored, mender, signal }: NumberMending,
  { findings, isFull }: StoredRepairRequest,
): Promise<StoredRepairReport> {
  let considered = 0
  const take = async (observation: Observation): Promise<void> => {
    const { key, counted } = observation
    const kind = opened.rule.faultOf(observation)
    if (kind === undefined) mender.settled([key])
    else if (kind === 'orphan') mender.leave(ORPHANS, [key])
    else {
      const seen = stored.want({
        kind,
        key,
        expected: opened.rule.expected(counted),
        stored: observation.stored,
        sources: [],
      })
      await mender.add([key], seen)
    }
  }
  for (let start = 0; start < findings.length && !isFull(); start += LOOKUP_KEYS) {
    const chunk = findings.slice(start, start + LOOKUP_KEYS)
    const keys = chunk.flatMap((finding) => keysOf(finding, mender))
    considered += chunk.length - keys.length
    for (const observation of await recount(opened, keys, signal)) {
      if (isFull()) break
      await take(observation)
      considered += 1
    }
  }
  return { ...(await mender.finish()), considered }
}

function keysOf(finding: StoredRepairRequest['findings'][number], mender: Mender): readonly string[] {
  if (finding.about !== 'number') return []
  const reason = leftAlone(finding)
  if (reason === undefined) return [finding.key]
  mender.leave(reason, [finding.key])
  return []
}

function recount(opened: Opened, keys: readonly string[], signal: AbortSignal): Promise<readonly Observation[]> {
  return withSnapshots(opened, { use: 'keys', signal }, (snapshotOf) => observe(opened, keys, { snapshotOf, signal }))
}
