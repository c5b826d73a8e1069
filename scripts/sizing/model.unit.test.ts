import { describe, expect, it } from 'vitest'
import type { FlowCost } from './costs.js'
import { bytesPerRow, type Fleet, type Flow, limitsOf, machinesFor, neededFor, perCore, rateOf } from './model.js'

/**
 * Worked out by hand. 1,000,000 rows: 20 s of the tool, 5 s of the target, 300 bytes a row from the broker and 250 to
 * the target. So a core of the tool carries 50,000 rows/s, one of the target 200,000; a link of 1 Gbit/s carries
 * 125,000,000 / 300 = 416,666 rows/s in and 125,000,000 / 250 = 500,000 out.
 */
const COST: FlowCost = {
  rows: 1_000_000,
  seconds: 25,
  tool: { processorSeconds: 20, peakMemoryBytes: 1e8 },
  target: { processorSeconds: 5, receivedBytes: 10e6, sentBytes: 250e6 },
  broker: { receivedBytes: 300e6, sentBytes: 20e6 },
}
const FLOW: Flow = {
  cost: COST,
  facts: {
    title: 'shared',
    row: 'a row',
    shared: true,
    connections: { source: 0, target: 4 },
    broker: { name: 'a broker', bytesPerSecond: 90e6, says: '90 MB/s', source: 'nowhere' },
  },
}
const FLEET: Fleet = {
  machines: 1,
  cores: 4,
  bitsPerSecond: 1e9,
  database: { cores: 3, bitsPerSecond: 2e9 },
}

describe('the sizing model, against a case worked out by hand', () => {
  it('knows what a core carries', () => {
    expect(perCore(FLOW)).toEqual({ tool: 50_000, source: undefined, target: 200_000 })
  })

  it('takes the direction of a link that has more', () => {
    // 10 + 300 come in for each row, 250 + 20 go out.
    expect(bytesPerRow(COST, [COST.target, COST.broker])).toBe(310)
    expect(bytesPerRow(COST, [COST.target])).toBe(250)
  })

  it('orders the limits of a fleet, the tightest first', () => {
    const rounded = limitsOf(FLOW, FLEET).map(({ resource, rowsPerSecond }) => [resource, Math.floor(rowsPerSecond)])
    expect(rounded).toEqual([
      // Four processes of 50,000.
      ['tool', 200_000],
      // 90 MB/s of 300 bytes.
      ['broker', 300_000],
      // 125 MB/s of 310 bytes.
      ['network', 403_225],
      // Three cores of 200,000: there are connections for sixteen.
      ['target', 600_000],
      // 250 MB/s of 250 bytes.
      ['network of the target', 1_000_000],
    ])
  })

  it('stops at the next limit when there are more machines', () => {
    expect(rateOf(FLOW, { ...FLEET, machines: 2 })).toEqual({ resource: 'broker', rowsPerSecond: 300_000 })
    const { broker: _, ...facts } = FLOW.facts
    expect(rateOf({ cost: COST, facts }, { ...FLEET, machines: 20 })).toEqual({
      resource: 'target',
      rowsPerSecond: 600_000,
    })
  })

  it('gives a flow that is not shared one process, however many machines', () => {
    const alone: Flow = { cost: COST, facts: { ...FLOW.facts, shared: false, connections: { source: 0, target: 1 } } }
    expect(rateOf(alone, { ...FLEET, machines: 20 })).toEqual({ resource: 'tool', rowsPerSecond: 50_000 })
    expect(limitsOf(alone, FLEET).find(({ resource }) => resource === 'target')?.rowsPerSecond).toBe(200_000)
    // By the clock it did 100,000 here, with helper threads.
    const helped: Flow = { ...alone, cost: { ...COST, seconds: 10 } }
    expect(rateOf(helped, FLEET)).toEqual({ resource: 'tool', rowsPerSecond: 100_000 })
  })

  it('says what is full at a rate, and how many machines reach it', () => {
    expect(neededFor(FLOW, 100_000)).toEqual({
      toolCores: 2,
      sourceCores: 0,
      targetCores: 0.5,
      bitsPerSecond: 8 * 310 * 100_000,
    })
    expect(machinesFor(FLOW, 200_000, FLEET)).toBe(1)
    expect(machinesFor(FLOW, 200_001, FLEET)).toBe(2)
    expect(machinesFor(FLOW, 300_001, FLEET)).toBeUndefined()
  })
})
