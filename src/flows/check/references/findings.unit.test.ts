import { expect, test } from 'vitest'
import type { ReferenceFinding } from '../../../core/flow.js'
import { Findings } from './findings.js'

const orphan = (key: string): ReferenceFinding => ({
  kind: 'orphan',
  key,
  expected: '1',
  stored: undefined,
  sources: [],
})

test('what was told of a range that is read again is counted from the last mark, and told once', () => {
  const told: string[] = []
  const findings = new Findings({ finding: ({ key }) => void told.push(key) })
  findings.begin()
  findings.addUnmarked(orphan('1'))
  findings.mark()
  const marked = findings.all
  findings.addUnmarked(orphan('2'))
  // The queue was lost, and another range is done first.
  findings.begin(marked)
  expect(findings.all.orphan).toBe(1)
  findings.addUnmarked(orphan('7'))
  findings.mark()
  for (const key of ['2', '3']) findings.addUnmarked(orphan(key))
  findings.mark()
  expect(findings.all).toEqual({ mismatch: 0, unreferenced: 0, orphan: 4, unstable: 0 })
  expect(told).toEqual(['1', '2', '7', '3'])
})

test('a run that is gone on with counts what was found before', () => {
  const findings = new Findings({})
  findings.begin({ mismatch: 2, unreferenced: 0, orphan: 1, unstable: 0 })
  findings.add(orphan('9'))
  expect(findings.all).toEqual({ mismatch: 2, unreferenced: 0, orphan: 2, unstable: 0 })
})
