import { expect, it } from 'vitest'
import { piecesOf } from './pieces.js'

it('cuts what was found into arrays that are small, keeps its order, and cuts no item', () => {
  const items = ['a', { key: ['1'] }, 'a text that is longer than a piece', 'b', 'c']
  const pieces = [...piecesOf(items, 16)]
  expect(pieces.map((piece) => JSON.parse(piece))).toEqual([['a', { key: ['1'] }], [items[2]], ['b', 'c']])
  expect([...piecesOf([])]).toEqual([])
})
