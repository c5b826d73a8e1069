import { describe, expect, it } from 'vitest'
import { isObjectName } from '../../core/object-store.js'
import { feedNames, newNonce, newRun } from './names.js'

const names = feedNames('a'.repeat(100))
const attempt = { sequence: 12, run: newRun() }

describe('names of the files of workers', () => {
  it('say of which range and taking they are, and are in the order of the rows', () => {
    const taking = { ...attempt, range: 3, nonce: newNonce() }
    const first = names.rangeData(taking, 1, 'ndjson.zst')
    expect(isObjectName(first)).toBe(true)
    expect(names.parse(first)).toEqual({ kind: 'data', ...taking })
    expect(first.startsWith(names.attempt(attempt))).toBe(true)
    const later = [names.rangeData(taking, 2, 'ndjson.zst'), names.rangeData({ ...taking, range: 4 }, 1, 'ndjson.zst')]
    expect([...later, first].sort()).toEqual([first, ...later])
  })

  it('are not those of one process', () => {
    expect(names.parse(names.data(attempt, 1, 'ndjson.gz'))).toEqual({ kind: 'data', ...attempt })
    expect(names.parse(names.rejected(attempt))).toEqual({ kind: 'data', ...attempt })
    expect(names.parse(`${names.attempt(attempt)}r0003-xyz-0001.ndjson.gz`)).toBeUndefined()
  })
})
