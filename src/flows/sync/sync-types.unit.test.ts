import type { Database } from 'lockstep'
import { ConfigError, sync } from 'lockstep'
import { memoryDatabase } from 'lockstep/memory'
import { describe, expect, it } from 'vitest'

/** What only the compiler sees: `tsc` fails where a line below is wrong, or where a wrong one compiles. */

const [a, b, c] = [memoryDatabase(), memoryDatabase(), memoryDatabase()]
const problem = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    return error instanceof ConfigError ? error.message : String(error)
  }
  return 'nothing'
}

describe('the sides of a sync', () => {
  it('are two or more', () => {
    expect(sync({ table: 'records', between: [a, b] }).databases).toEqual([a, b])
    expect(sync({ table: 'records', between: [a, b, c] }).databases).toEqual([a, b, c])
    const many: [Database, Database, ...Database[]] = [a, b, ...[c]]
    sync({ table: 'records', between: many, conflict: 'first' })
    // @ts-expect-error: one side is none
    expect(problem(() => sync({ table: 'records', between: [a] }))).toContain('names 1 databases')
    // @ts-expect-error: a list of any length
    sync({ table: 'records', between: [a, b, c].filter(() => true) })
  })

  it('decide which of them may win', () => {
    sync({ table: 'records', between: [a, b], conflict: 'right' })
    sync({ table: 'records', between: [a, b, c], conflict: 'first' })
    // @ts-expect-error: of two sides the first is the left one
    expect(problem(() => sync({ table: 'records', between: [a, b], conflict: 'first' }))).toContain('more than two')
    // @ts-expect-error: of three sides none is the left one
    expect(problem(() => sync({ table: 'records', between: [a, b, c], conflict: 'left' }))).toContain('3 sides')
  })

  it('are described in their order', () => {
    const { describe: described } = sync({ table: 'records', between: [a, b, c] })
    expect(typeof described).toBe('function')
    expect(sync({ table: 'records', between: [a, b, c] }).describe?.()).toMatchObject({
      between: [expect.anything(), expect.anything(), expect.anything()],
      conflict: 'keep',
    })
  })

  it('are divided into a power of two of lanes', () => {
    sync({ table: 'records', between: [a, b], lanes: 4 })
    // @ts-expect-error: lanes are told apart by bits
    expect(problem(() => sync({ table: 'records', between: [a, b], lanes: 3 }))).toContain('lanes')
  })
})
