import { memoryState } from '../../../src/adapters/memory/state.js'
import type { Database } from '../../../src/core/database.js'
import type { Flow } from '../../../src/core/flow.js'

/** A flow with the right shape that does nothing. */
export function toyFlow(overrides: Partial<Flow> = {}): Flow {
  return {
    kind: 'sync',
    databases: [],
    run: async () => {},
    diagnose: async () => [],
    grants: async () => [],
    ...overrides,
  }
}

/** A database that only has a name and a state. */
export function toyDatabase(label: string): Database {
  return {
    engine: 'memory',
    label,
    table: () => {
      throw new Error('a toy database has no tables')
    },
    identify: async () => ({ id: label, version: 'toy', readOnly: false }),
    state: memoryState(),
    [Symbol.asyncDispose]: async () => {},
  }
}
