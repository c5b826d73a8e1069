import { expect, test } from 'vitest'
import { type ListedLetter, renderLetters } from './letter-table.js'
import { plain } from './paint.js'

const NOW_MS = Date.parse('2026-01-01T12:00:00Z')

function letter(overrides: Partial<ListedLetter>): ListedLetter {
  return {
    flow: 'scans',
    id: '1f0c9a72be5d4410',
    state: 'dead',
    stage: 'validate',
    code: 'schema-invalid',
    reason: 'port: Too big: expected number to be <=65535; service: expected text, and more that is wrong with it',
    itemKey: '1',
    lane: 'a',
    position: undefined,
    attempts: 1,
    held: false,
    firstAt: '2025-12-31T12:00:00Z',
    lastAt: '2026-01-01T11:48:00Z',
    ...overrides,
  }
}

const letters = [
  letter({}),
  letter({
    state: 'held',
    stage: 'write',
    code: 'foreign-key-violation',
    attempts: 1_204,
    reason: 'no\u001b[2J quote',
  }),
  letter({ state: 'discarded', lastAt: '2026-01-01T12:00:09Z' }),
]

test('in 80 columns', () => {
  expect(renderLetters(letters, { nowMs: NOW_MS, width: 80, paint: plain })).toMatchInlineSnapshot(`
    "ID                STATE      STAGE     CODE                          LAST  TRIES
    1f0c9a72be5d4410  dead       validate  schema-invalid       12 m 00 s ago      1
      port: Too big: expected number to be <=65535; service: expected text, and mor…
    1f0c9a72be5d4410  held       write     foreign-key-violat…  12 m 00 s ago  1,204
      no\\u{1b}[2J quote
    1f0c9a72be5d4410  discarded  validate  schema-invalid            just now      1
      port: Too big: expected number to be <=65535; service: expected text, and mor…"
  `)
})

test('of several flows, in a wide terminal', () => {
  const several = [...letters, letter({ flow: 'quotes-of-all-brokers' })]
  expect(renderLetters(several, { nowMs: NOW_MS, width: 130, paint: plain })).toMatchInlineSnapshot(`
    "FLOW                   ID                STATE      STAGE     CODE                            LAST  TRIES  REASON
    scans                  1f0c9a72be5d4410  dead       validate  schema-invalid         12 m 00 s ago      1  port: Too big: expecte…
    scans                  1f0c9a72be5d4410  held       write     foreign-key-violation  12 m 00 s ago  1,204  no\\u{1b}[2J quote
    scans                  1f0c9a72be5d4410  discarded  validate  schema-invalid              just now      1  port: Too big: expecte…
    quotes-of-all-brokers  1f0c9a72be5d4410  dead       validate  schema-invalid         12 m 00 s ago      1  port: Too big: expecte…"
  `)
})

test.each([80, 109, 110, 200])('never wider than %i columns', (width) => {
  const several = [...letters, letter({ flow: 'quotes-of-all-brokers', code: 'c'.repeat(60) })]
  for (const shown of [letters, several]) {
    for (const line of renderLetters(shown, { nowMs: NOW_MS, width, paint: plain }).split('\n')) {
      expect(line.length).toBeLessThanOrEqual(width)
    }
  }
})
