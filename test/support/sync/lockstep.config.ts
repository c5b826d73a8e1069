import { defineConfig, type SyncOptions, type SyncSides, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'

/** For tests of the built program: what differs between them comes as JSON in `SYNC_OPTIONS`. */
const given: Partial<Omit<SyncOptions, 'between'>> = JSON.parse(process.env['SYNC_OPTIONS'] ?? '{}')

const third = process.env['C_URL'] === undefined ? [] : [postgres(env('C_URL'))]
const between: SyncSides = [postgres(env('A_URL')), postgres(env('B_URL')), ...third]

export default defineConfig({
  flows: {
    mirror: sync({
      table: 'records',
      // Only the comparison at the start, so that it cannot make up for what the ledger misses.
      compareEveryMs: 1e9,
      ...given,
      between,
    }),
  },
})
