import type { ExportableTableRef } from '../../../core/database.js'
import type { DistributeOptions } from '../../../core/distribute.js'
import { ConfigError } from '../../../core/errors.js'
import type { Format } from '../format.js'
import type { FeedConsistency } from '../options.js'

interface Asked {
  readonly from: ExportableTableRef
  readonly as: Format
  readonly consistency: FeedConsistency
  readonly since?: unknown
  readonly distribute?: DistributeOptions | undefined
}

/** What cannot be shared out. */
export function refuseUnfitToShare({ from, as: { preset }, consistency, since, distribute }: Asked): void {
  if (distribute === undefined) {
    if (consistency !== 'ranges') return
    const message = "'ranges' is for feeds that workers write range by range"
    throw problem('consistency', message, 'remove it, so that all rows are of one moment, or give distribute')
  }
  if ('snapshotMs' in distribute) {
    const message = 'is for checks: a feed has rows of one moment or is not published'
    throw problem('distribute.snapshotMs', message, 'write feed({ snapshotMs }) in its place')
  }
  if (since !== undefined) {
    const message = 'and distribute exclude each other: an increment is not cut into ranges'
    throw problem('since', message, 'remove since, so that each feed has all rows, or remove distribute')
  }
  if (preset?.together === true) {
    const message = `and ${preset.name} with a metadata block exclude each other: each file says how many there are, which no worker knows`
    throw problem('distribute', message, 'remove metadata: the descriptor says which files belong together')
  }
  const { database, query } = from
  if (query !== undefined) throw uncut(`a query of ${database.label}`)
  if (consistency === 'snapshot' && database.holdSnapshot === undefined) throw cannotShareMoment(database.label)
}

export function uncut(label: string): ConfigError {
  return new ConfigError({
    code: 'option-unsupported',
    key: 'feed({ distribute })',
    message: `${label} cannot be cut into ranges, as only tables with an index on their key can`,
    fix: 'remove distribute, or name a table',
  })
}

export function cannotShareMoment(label: string): ConfigError {
  return new ConfigError({
    code: 'option-unsupported',
    key: 'feed({ consistency })',
    message: `${label} has no moment that several processes can read, so that with distribute the rows of different ranges are of different moments`,
    fix: "agree to that with consistency: 'ranges', or remove distribute",
  })
}

function problem(key: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key: `feed({ ${key} })`, message, fix })
}
