import { setTimeout as delay } from 'node:timers/promises'
import type { ExportOptions } from '../../../core/export.js'
import { SnapshotAge } from '../../sql/export/snapshot-age.js'
import { Pace } from '../../sql/pace.js'
import { readPass } from '../digest/read-pass.js'
import { streamed } from '../digest/streamed.js'
import type { Session } from '../session/session.js'
import { type CopiedRows, copyStatement } from './copied-rows.js'
import { keyBehind } from './key-range.js'

/** Each chunk, writing it included, takes about so long. */
const PACE = { targetMs: 500, first: 2_000, least: 10, most: 50_000 }

/** The pieces of one COPY for each chunk of the key's order, each in a transaction of its own. */
export function chunkedCopy(
  session: Session,
  rows: CopiedRows,
  { signal, maxSnapshotAgeMs }: ExportOptions,
): AsyncIterable<Buffer> {
  const { info, label, what, range } = rows
  return streamed(async (emit) => {
    const pace = new Pace(PACE)
    let after = range.after
    for (;;) {
      const { upTo, ms } = await readPass(session, { what, signal }, async (transaction) => {
        const age = new SnapshotAge(label, maxSnapshotAgeMs)
        const border = await keyBehind(transaction, { info, after, upTo: range.upTo, rows: pace.size }, {})
        for await (const piece of transaction.copy(copyStatement(rows, { after, upTo: border ?? range.upTo }))) {
          age.check()
          await emit(piece)
        }
        return { upTo: border, ms: age.ms }
      })
      if (upTo === undefined) return
      after = upTo
      const restMs = pace.took(ms)
      // The next statement notices that it was aborted.
      if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined)
    }
  })
}
