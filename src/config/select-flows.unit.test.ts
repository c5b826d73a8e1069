import { expect, test } from 'vitest'
import { toyFlow } from '../../test/support/toy/toy-flow.js'
import { selectFlows } from './select-flows.js'

const config = { flows: { mirror: toyFlow(), orders: toyFlow(), customers: toyFlow() } }

test('all flows when none is named', () => {
  expect(selectFlows(config, []).map(({ name }) => name)).toEqual(['mirror', 'orders', 'customers'])
})

test('the named flows, in the order of the command line', () => {
  const selected = selectFlows(config, ['orders', 'mirror'])
  expect(selected.map(({ name }) => name)).toEqual(['orders', 'mirror'])
  expect(selected[0]?.flow).toBe(config.flows.orders)
})

test.each([
  ['mirorr', 'did you mean mirror?'],
  ['order', 'did you mean orders?'],
  ['cust', 'did you mean customers?'],
  ['Orders', 'did you mean orders?'],
  ['x', 'name one of: mirror, orders, customers'],
  ['__proto__', 'name one of: mirror, orders, customers'],
  ['toString', 'name one of: mirror, orders, customers'],
])('an unknown name %s: %s', (name, fix) => {
  expect(() => selectFlows(config, [name])).toThrow(
    expect.objectContaining({ code: 'flow-unknown', key: `flows.${name}`, fix }),
  )
})

test('a name given twice', () => {
  expect(() => selectFlows(config, ['mirror', 'orders', 'mirror'])).toThrow(
    expect.objectContaining({ code: 'flow-named-twice', key: 'flows.mirror' }),
  )
})
