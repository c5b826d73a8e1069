import { expect, it } from 'vitest'
import type { Difference } from '../core/difference.js'
import { repairRows } from './repair.js'

const differences: readonly Difference[] = [
  { kind: 'missing-left', key: ['1'], right: ['1', "it's", null] },
  { kind: 'missing-right', key: ['2'], left: ['2', 'x', 'y'] },
  { kind: 'changed', key: ['3'], left: ['3', 'l\\', 'same'], right: ['3', 'r', 'same'] },
  { kind: 'unstable', key: ['4'], left: ['4', 'x', 'y'], right: undefined },
]

it('gives a side what it lacks, and never deletes', () => {
  expect(repairRows(differences, 'left')).toEqual([
    ['1', "it's", null],
    ['3', 'r', 'same'],
  ])
  expect(repairRows(differences, 'right')).toEqual([
    ['2', 'x', 'y'],
    ['3', 'l\\', 'same'],
  ])
})
