import { expect, test } from 'vitest'
import type { Database } from '../core/database.js'
import type { Flow } from '../core/flow.js'
import { type Config, defineConfig } from './define-config.js'

declare const flow: Flow
declare const database: Database

/** Never called: the compiler is the test, and `tsc` fails when a line marked below does compile. */
export const compileErrors = [
  (): Config => defineConfig({ flows: { mirror: flow }, state: database, log: { level: 'debug' } }),
  // @ts-expect-error flows are required
  (): Config => defineConfig({}),
  // @ts-expect-error a flow is what a factory returns, not a bag of options
  (): Config => defineConfig({ flows: { mirror: { table: 'records', between: ['a', 'b'] } } }),
  // @ts-expect-error flows have names
  (): Config => defineConfig({ flows: [flow] }),
  // @ts-expect-error a typing error in a key
  (): Config => defineConfig({ flows: { mirror: flow }, sate: database }),
  // @ts-expect-error a database is what an adapter returns, not an address
  (): Config => defineConfig({ flows: { mirror: flow }, state: 'postgres://localhost/state' }),
  // @ts-expect-error no such level
  (): Config => defineConfig({ flows: { mirror: flow }, log: { level: 'loud' } }),
  // @ts-expect-error undefined is not the same as left out
  (): Config => defineConfig({ flows: { mirror: flow }, state: undefined }),
]

test('hands back the very config', () => {
  const config: Config = { flows: {} }
  expect(defineConfig(config)).toBe(config)
})
