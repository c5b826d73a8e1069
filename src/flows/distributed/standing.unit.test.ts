import { expect, it } from 'vitest'
import { z } from 'zod'
import type { DoneRange } from '../../core/distribute.js'
import type { RangeKind } from './range-kind.js'
import { Standing } from './standing.js'

const Result = z.object({ rows: z.int() })

const kind: RangeKind<string, number> = {
  task: z.string(),
  total: z.int(),
  nothing: 0,
  add: (total, { result }) => total + Result.parse(result).rows,
}

const done = (index: number, rows: number, worker: string): DoneRange => ({
  index,
  worker,
  result: { rows, ownMoment: index === 2 },
})

it('says what is left and what came of the rest, in the process that goes on with it too', () => {
  const standing = Standing.begin(kind, { by: 'key', tasks: ['a', 'b', 'c', 'd'] })
  expect(standing.run).toBeUndefined()
  standing.begins('7')
  standing.add(done(2, 10, 'one'))
  standing.add(done(0, 1, 'two'))
  const other = Standing.of(kind, standing.position)
  for (const each of [standing, other]) {
    expect(each.run).toBe('7')
    expect(each.total).toBe(11)
    expect([...each.left]).toEqual([
      [1, 'b'],
      [3, 'd'],
    ])
    expect(each.distributed).toEqual({ ranges: 4, by: 'key', workers: 2, ownMoments: 1 })
  }
  other.add(done(1, 5, 'two'))
  expect(other.total).toBe(16)
  expect(other.distributed.workers).toBe(2)
  expect(standing.total, 'they have nothing in common').toBe(11)
})

it('takes no result that is not one, and no position of another kind', () => {
  const standing = Standing.begin(kind, { by: 'hash', tasks: ['a'] })
  expect(() => standing.add({ index: 0, worker: 'w', result: { rows: 1 } })).toThrow()
  expect(standing.left.size, 'the range is still to be done').toBe(1)
  const texts: RangeKind<number, number> = { ...kind, task: z.number() }
  expect(() => Standing.of(texts, standing.position)).toThrow()
})
