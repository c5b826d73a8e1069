import { type ContractOptions, contract } from './contract.js'
import type { UpsertHarness, UpsertTable } from './upsert-harness.js'
import { type UpsertTests, upsertingRows } from './upsert-rows.js'
import { upsertingSafely } from './upsert-safety.js'
import { upsertingTables } from './upsert-tables.js'

export type { StoredRow, UpsertColumn, UpsertHarness, UpsertTable } from './upsert-harness.js'

/**
 * What core/upsert.ts promises. `open` gives a database in which these tables (and no others) are there and empty,
 * created parents first, and in which no checkpoint is saved.
 */
export function upsertContract(
  name: string,
  open: (tables: readonly UpsertTable[]) => Promise<UpsertHarness>,
  options?: ContractOptions,
): void {
  const using =
    (tables: readonly UpsertTable[], test: (harness: UpsertHarness) => Promise<void>): (() => Promise<void>) =>
    async () => {
      await using harness = await open(tables)
      await test(harness)
    }
  const tests: UpsertTests = { ...upsertingRows(using), ...upsertingTables(using), ...upsertingSafely(using) }
  contract(`${name}: UpsertSink`, tests, options)
}
