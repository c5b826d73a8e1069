import { createHash } from 'node:crypto'
import { ConfigError } from '../../core/errors.js'
import type { Since } from '../../core/increment.js'
import type { Manifest } from './manifest.js'
import type { FeedSettings } from './settings.js'

/** What a manifest says of what it has of the table. */
export type Incremental = NonNullable<Manifest['incremental']>

/** What one feed reads. */
export interface Reach {
  /** SQL for the rows; `undefined`: all of them. */
  readonly where: string | undefined
  /** `undefined`: the flow has no `since`. */
  readonly incremental: Incremental | undefined
}

interface Asked {
  readonly sequence: number
  /** The newest feed. */
  readonly previous: Manifest | undefined
  /** All rows, whatever was published before. */
  readonly full: boolean
}

/** Decides from the newest manifest which rows are read. The position moves with a published manifest, and with nothing else. */
export async function reachOf(
  settings: FeedSettings,
  { sequence, previous, full }: Asked,
  signal: AbortSignal,
): Promise<Reach> {
  const { from: table, since, where } = settings
  if (since === undefined) return { where, incremental: undefined }
  if (table.increment === undefined) throw unsupported(table.database.label)
  const scope = scopeOf(settings)
  const last = previous?.incremental
  const follows = !full && last?.scope === scope && sequence - last.base < settings.fullEvery
  const from = follows ? (last.to ?? undefined) : undefined
  const { where: newer, to = null } = await table.increment({ since, from }, signal)
  const by = since.kind === 'last-run' ? since.kind : since.column
  if (newer === undefined || from === undefined || last === undefined) {
    return { where, incremental: { by, scope, from: null, to, base: sequence } }
  }
  const both = where === undefined ? newer : `(\n${where}\n) and ${newer}`
  return { where: both, incremental: { by, scope, from, to, base: last.base } }
}

/** The feed is not of the whole table. */
export function isIncrement({ incremental }: Pick<Manifest, 'incremental'>): boolean {
  return incremental !== undefined && incremental.from !== null
}

/** What may not change from one feed to an increment of it. */
function scopeOf({ from, since, where }: FeedSettings): string {
  const kind: Since['kind'] | undefined = since?.kind
  const column = since === undefined || since.kind === 'last-run' ? undefined : since.column
  // Its name is cut.
  const query = from.query === undefined ? [] : [from.query]
  const scope = JSON.stringify([from.database.label, from.name, from.options, where, kind, column, ...query])
  return createHash('sha256').update(scope).digest('hex').slice(0, 32)
}

function unsupported(label: string): ConfigError {
  return new ConfigError({
    code: 'since-unsupported',
    key: 'feed({ since })',
    message: `${label} cannot tell which rows are newer`,
    fix: 'remove since: each feed then has all rows',
  })
}
