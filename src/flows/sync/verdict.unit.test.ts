import { expect, test } from 'vitest'
import { type PairFound, verdictOfMany } from './verdict.js'

const found = (left: number, right: number, given: Partial<PairFound> = {}): PairFound => ({
  ...{ rowsLeft: 10, rowsRight: 10, toLeft: 0, toRight: 0, conflicting: 0, refused: 0 },
  ...{ unstable: 0, fetchedRows: 0, durationMs: 5, fresh: true, places: { left, right } },
  ...given,
})
const many = { sides: 3, waiting: 0, policy: 'keep' } as const

test('what was given to each side is told once, and by the side', () => {
  const pairs = [found(0, 1, { toRight: 3 }), found(0, 2, { toLeft: 2 }), found(1, 2, { toRight: 4, fresh: false })]
  expect(verdictOfMany(pairs, many)).toMatchObject({
    verdict: 'same',
    detail: '10 rows compared on 3 sides, each with each; 5 were missing or older on a side and are repaired',
    figures: { to1: 2, to2: 3, to3: 0, durationMs: 10 },
  })
})

test('what differs in any pair differs, and what waits is not verified', () => {
  const pairs = [found(0, 1), found(0, 2, { conflicting: 1, fresh: false })]
  expect(verdictOfMany(pairs, { ...many, waiting: 1 })).toMatchObject({ verdict: 'different' })
  const { verdict, detail } = verdictOfMany([found(0, 1)], { ...many, waiting: 2 })
  expect([verdict, detail]).toEqual([
    'unverified',
    '10 rows compared on 3 sides, each with each; 2 of 3 comparisons wait for a side that cannot be reached',
  ])
})
