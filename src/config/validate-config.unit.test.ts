import { describe, expect, test } from 'vitest'
import { toyDatabase, toyFlow } from '../../test/support/toy/toy-flow.js'
import { ConfigError } from '../core/errors.js'
import { validateConfig } from './validate-config.js'

function messageFor(value: unknown): string {
  try {
    validateConfig(value, '/app/lockstep.config.ts')
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'no error'
}

describe('a config that is right', () => {
  test('keeps the very flows and databases', () => {
    const flow = toyFlow()
    const state = toyDatabase('memory://state')
    const config = validateConfig({ flows: { mirror: flow }, state, log: { level: 'debug' } }, 'lockstep.config.ts')
    expect(config.flows['mirror']).toBe(flow)
    expect(config.state).toBe(state)
    expect(config.log).toEqual({ level: 'debug' })
  })

  test('may be as short as one flow', () => {
    expect(Object.keys(validateConfig({ flows: { mirror: toyFlow() } }, 'lockstep.config.ts'))).toEqual(['flows'])
  })
})

describe('a config that is wrong names the key and the fix', () => {
  test.each([
    ['nothing exported', {}],
    ['undefined', undefined],
    ['no default export', { config: { flows: { mirror: toyFlow() } } }],
    ['no flows', { flows: {} }],
    ['flows is a list', { flows: [toyFlow()] }],
    ['a flow that is an address', { flows: { mirror: 'postgres://user:canary@host/app' } }],
    ['a flow that is a promise', { flows: { mirror: Promise.resolve(toyFlow()) } }],
    ['a factory that was not called', { flows: { mirror: toyFlow } }],
    ['options instead of a flow', { flows: { mirror: { table: 'records' } } }],
    ['a flow of an unknown kind', { flows: { mirror: { ...toyFlow(), kind: 'snyc' } } }],
    ['a flow without run', { flows: { mirror: { ...toyFlow(), run: undefined } } }],
    ['a name with a space', { flows: { 'my mirror': toyFlow() } }],
    ['an unknown setting', { flows: { mirror: toyFlow() }, sate: 1 }],
    ['an unknown log setting', { flows: { mirror: toyFlow() }, log: { levle: 'debug' } }],
    ['a state that is an address', { flows: { mirror: toyFlow() }, state: 'postgres://user:canary@host/app' }],
    ['an unknown setting of the event log', { flows: { mirror: toyFlow() }, eventLog: { keepDay: 3 } }],
    ['an event log for half a day', { flows: { mirror: toyFlow() }, eventLog: { keepDays: 0.5 } }],
    ['an event log that is true', { flows: { mirror: toyFlow() }, eventLog: true }],
    ['an unknown setting of traces', { flows: { mirror: toyFlow() }, traces: { uri: 'http://user:canary@host' } }],
    ['traces to what is no http', { flows: { mirror: toyFlow() }, traces: { url: 'grpc://user:canary@host' } }],
    ['traces with a header that is a number', { flows: { mirror: toyFlow() }, traces: { headers: { canary: 1 } } }],
    ['no such log level', { flows: { mirror: toyFlow() }, log: { level: 'loud' } }],
  ])('%s', (_, value) => {
    const message = messageFor(value)
    expect(message).toMatchSnapshot()
    expect(message).not.toContain('canary')
  })

  test('one flow under two names', () => {
    const flow = toyFlow()
    expect(messageFor({ flows: { mirror: flow, again: flow } })).toMatchSnapshot()
  })
})
