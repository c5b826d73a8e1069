import { describe, expect, it } from 'vitest'
import { FAULTS, type FaultId, type Part, tests } from './faults.js'
import { faultsPage, type Matrix, missingProofs } from './page.js'

const none: Part = Object.assign({}, ...Object.keys(FAULTS).map((id) => ({ [id]: { none: 'It has none.' } })))
const proofs = [...tests('a.test.ts', 'is | stored', 'is sent'), ...tests('b.test.ts', 'is read')]

function matrix(cells: Partial<Record<FaultId, Part[FaultId]>>): Matrix {
  return { ingest: { ...none, ...cells }, sync: none, feed: none, check: none, shared: none, leases: none }
}

describe('the page of faults', () => {
  it('has of each fault a line in the grid and a section, with each file once and its tests', () => {
    const cell = { outcome: 'nothing lost', promise: 'All is there.', proofs, open: 'the rest.' }
    const page = faultsPage(matrix({ toolKilled: cell, silence: { open: 'a frozen peer.' } }))
    expect(page).toContain('3 tests in 2 files')
    expect(page).toContain('| [The tool is killed](#the-tool-is-killed) | nothing lost | - | - | - | - | - |')
    expect(page).toContain('| [A link or a peer falls silent](#a-link-or-a-peer-falls-silent) | not tested | - |')
    expect(page).toContain(
      '- **ingest**: All is there. *Not tested: the rest.*\n  - `a.test.ts`: "is | stored"; "is sent"\n  - `b.test.ts`: "is read"',
    )
    expect(page).toContain('- **ingest**: not tested. a frozen peer.')
    expect(page).toContain('- **sync**: does not apply. It has none.')
    for (const { title } of Object.values(FAULTS)) expect(page).toContain(`\n## ${title}\n`)
  })

  it('says which tests and files are not there', () => {
    const cell = { outcome: 'nothing lost', promise: 'All is there.', proofs }
    const titles = new Map([['a.test.ts', new Set(['is | stored'])]])
    expect(missingProofs(matrix({ toolKilled: cell }), (file) => titles.get(file))).toEqual([
      'a.test.ts has no test or group "is sent"',
      'there is no b.test.ts',
    ])
  })
})
