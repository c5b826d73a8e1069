import type { KeySample, RangeOrder } from '../../../core/key-range.js'
import { type Borders, cutKeys, SAMPLED_KEYS } from '../../distributed/cut-keys.js'
import type { FoundPair, TablePair } from '../table-pair.js'
import type { TableSide } from '../table-side.js'

/** Ranges of a key that both sides have in the same order. */
export interface TablesCut {
  readonly left: string
  readonly right: string
  readonly order: RangeOrder
  readonly ranges: readonly Borders[]
}

/**
 * Cuts both sides by the first column of their key into so many ranges at most. `undefined`: its order is not the same
 * everywhere, as of texts, or there is no key.
 */
export async function cutByKey(
  pair: TablePair,
  { left }: Pick<FoundPair, 'left'>,
  { ranges, signal }: { readonly ranges: number; readonly signal: AbortSignal },
): Promise<TablesCut | undefined> {
  const [name] = left.schema.key
  if (name === undefined || pair.reading.left.keyless === true) return undefined
  const names = { left: name, right: pair.columns?.[name] ?? name }
  const sampled = await Promise.all([
    samplesOf(pair.left, { column: names.left, where: pair.reading.left.where }, signal),
    samplesOf(pair.right, { column: names.right, where: pair.reading.right.where }, signal),
  ])
  const cut = cutKeys(sampled.flat(), ranges)
  return cut && { ...names, ...cut }
}

function samplesOf(
  side: TableSide,
  request: { readonly column: string; readonly where: string | undefined },
  signal: AbortSignal,
): Promise<readonly (KeySample | undefined)[]> {
  return Promise.all(side.tables.map((table) => table.sampleKeys?.({ ...request, keys: SAMPLED_KEYS }, signal)))
}
