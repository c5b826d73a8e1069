import { expect, test } from 'vitest'
import { toyDatabase, toyFlow } from '../../test/support/toy/toy-flow.js'
import { ConfigError } from '../core/errors.js'
import { type Config, defineConfig } from './define-config.js'
import { validateConfig } from './validate-config.js'

const flow = toyFlow()
const database = toyDatabase('memory://state')

test('what is right compiles and is accepted', () => {
  const config = defineConfig({ flows: { mirror: flow }, state: database, log: { level: 'debug' } })
  expect(validateConfig(config, 'lockstep.config.ts')).toEqual(config)
})

/** `tsc` checks the tests too, and fails when a line after one of these comments does compile. */
const wrong: Readonly<Record<string, () => Config>> = {
  // @ts-expect-error flows are required
  'no flows': () => defineConfig({}),
  // @ts-expect-error a flow is what a factory returns
  'options instead of a flow': () => defineConfig({ flows: { mirror: { table: 'records', between: ['a', 'b'] } } }),
  // @ts-expect-error flows have names
  'a list of flows': () => defineConfig({ flows: [flow] }),
  // @ts-expect-error no such key
  'a typing error in a key': () => defineConfig({ flows: { mirror: flow }, sate: database }),
  // @ts-expect-error a database is what an adapter returns
  'an address as state': () => defineConfig({ flows: { mirror: flow }, state: 'postgres://localhost/state' }),
  // @ts-expect-error no such level
  'no such log level': () => defineConfig({ flows: { mirror: flow }, log: { level: 'loud' } }),
}

test.each(Object.keys(wrong))('what is wrong neither compiles nor is accepted: %s', (name) => {
  expect(() => validateConfig(wrong[name]?.(), 'lockstep.config.ts')).toThrow(ConfigError)
})
