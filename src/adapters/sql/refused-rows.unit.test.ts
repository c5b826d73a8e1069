import { describe, expect, it } from 'vitest'
import { DataError } from '../../core/errors.js'
import { namedRefusal, refusedItems, type Step } from './refused-rows.js'

interface Row {
  readonly item: number
  readonly id: number
  readonly parent?: number
  readonly poison?: boolean
}

/** Two tables and their foreign key, in memory. */
class Family {
  parents = new Set<number>()
  tries = 0

  step(rows: readonly Row[]): Step {
    return {
      items: rows.map(({ item }) => item),
      write: async (places) => {
        this.tries++
        for (const place of places) {
          const { id, parent, poison } = rows[place] ?? { id: 0 }
          if (poison === true) throw new DataError('check-violation', 'a row is refused')
          if (parent === undefined) this.parents.add(id)
          else if (!this.parents.has(parent)) throw new DataError('foreign-key-violation', 'a parent is missing')
        }
      },
    }
  }

  readonly savepoint = async (work: () => Promise<void>): Promise<void> => {
    const before = new Set(this.parents)
    await work().catch((error: unknown) => {
      this.parents = before
      throw error
    })
  }
}

describe('the search for refused rows', () => {
  it('finds the one of a thousand in some twenty tries', async () => {
    const family = new Family()
    const rows = Array.from({ length: 1_000 }, (_, item) => ({ item, id: item, poison: item === 617 }))
    const refused = await refusedItems([family.step(rows)], family.savepoint)
    expect([...refused.keys()]).toEqual([617])
    expect(family.tries).toBeLessThanOrEqual(21)
  })

  it('blames no child for the fault of another item', async () => {
    const family = new Family()
    const parents = [0, 1, 2, 3, 4, 5, 6, 7].map((item) => ({ item, id: item, poison: item === 3 }))
    const children = parents.map(({ item }) => ({ item, id: item, parent: 7 - item }))
    const refused = await refusedItems([family.step(parents), family.step(children)], family.savepoint)
    expect([...refused].map(([item, { code }]) => [item, code])).toEqual([
      [3, 'check-violation'],
      [4, 'foreign-key-violation'],
    ])
    expect(namedRefusal(refused)).toMatchObject({ code: 'check-violation', bad: [3] })
  })

  it('gives up once most are found to be bad', async () => {
    const family = new Family()
    const rows = Array.from({ length: 100 }, (_, item) => ({ item, id: item, poison: true }))
    const refused = await refusedItems([family.step(rows)], family.savepoint)
    expect(refused.size).toBe(51)
  })

  it('finds nothing when nothing is refused, and lets other errors through', async () => {
    const family = new Family()
    expect(namedRefusal(await refusedItems([family.step([{ item: 0, id: 1 }])], family.savepoint))).toBeUndefined()
    const broken: Step = { items: [0], write: () => Promise.reject(new Error('broken')) }
    await expect(refusedItems([broken], family.savepoint)).rejects.toThrow('broken')
  })
})
