import { describe, expect, test } from 'vitest'
import type { StoredLetter } from '../../core/dead-letter.js'
import { hexDump } from './hex-dump.js'
import { payloadBytes, renderLetter } from './letter-sheet.js'
import { plain } from './paint.js'

const NOW_MS = Date.parse('2026-01-01T12:00:00Z')
const ESCAPE = '\u001b'

const LETTER: StoredLetter = {
  flow: 'scans',
  id: '1f0c9a72be5d4410',
  state: 'held',
  stage: 'write',
  code: 'foreign-key-violation',
  reason: 'the parent is not there yet',
  itemKey: 'message-1',
  lane: 'scan-sub',
  position: undefined,
  attempts: 3,
  held: true,
  firstAt: '2026-01-01T11:00:00.000001Z',
  lastAt: '2026-01-01T11:59:00.000002Z',
  headers: { type: 'scan', odd: `a${ESCAPE}]0;title\u0007` },
  origin: '{"stream":"scan-sub"}',
  payload: '{"port":1}\n\tstate     replayed\u202e\u2028 é☃\u{1f600}',
  encoding: 'text',
}

const sheet = (overrides: Partial<StoredLetter> = {}, full = false): string =>
  renderLetter(
    { ...LETTER, ...overrides },
    { nowMs: NOW_MS, paint: plain, store: 'postgres://db/app lockstep.dead_letters', full },
  )

test('a letter with text', () => {
  expect(sheet()).toMatchInlineSnapshot(`
    "flow      scans
    id        1f0c9a72be5d4410
    state     held
    stage     write
    code      foreign-key-violation
    reason    the parent is not there yet
    item      message-1
    lane      scan-sub
    position  none
    attempts  3
    first     2026-01-01T11:00:00.000001Z  1 h 00 m ago
    last      2026-01-01T11:59:00.000002Z  1 m 00 s ago
    kept in   postgres://db/app lockstep.dead_letters

    headers
      type: scan
      odd: a\\u{1b}]0;title\\u{7}

    origin
      {"stream":"scan-sub"}

    payload, 46 bytes
      {"port":1}
      \\tstate     replayed\\u{202e}\\u{2028} é☃😀"
  `)
})

test('a letter with bytes, without headers and origin', () => {
  const payload = Buffer.from([0, 0x7f, 0x80, 0xff, ...Buffer.from('plain text of a message')]).toString('base64')
  const shown = sheet({ payload, encoding: 'base64', headers: {}, origin: undefined })
  expect(shown.slice(shown.indexOf('\n\n'))).toMatchInlineSnapshot(`
    "

    payload, 27 bytes that are no text
      00000000  00 7f 80 ff 70 6c 61 69  6e 20 74 65 78 74 20 6f  |....plain text o|
      00000010  66 20 61 20 6d 65 73 73  61 67 65                 |f a message|"
  `)
})

test.each(['reason', 'code', 'itemKey', 'lane', 'position', 'origin', 'payload', 'id', 'flow'] as const)(
  'no %s can drive the terminal or pass for a line of the sheet',
  (field) => {
    const shown = sheet({ [field]: `x${ESCAPE}[2J\u009b2J\r\u0085\nstate     replayed` })
    expect(shown).not.toMatch(/[^\P{Cc}\n]/u)
    expect(shown.match(/^state/gm)).toHaveLength(1)
    expect(shown).toMatch(/^state +held$/m)
  },
)

describe('a long payload', () => {
  test('is cut after 4 KiB, between characters, and said to be', () => {
    const shown = sheet({ payload: `${'x'.repeat(4_095)}☃${'y'.repeat(1_000)}` })
    expect(shown).toContain('payload, 5,098 bytes')
    expect(shown).toContain(`  ${'x'.repeat(4_095)}\n... and 1,002 more bytes: --full shows all`)
  })

  test('is shown whole when asked for', () => {
    const shown = sheet({ payload: `${'x'.repeat(4_095)}☃${'y'.repeat(1_000)}` }, true)
    expect(shown).toContain(`${'x'.repeat(4_095)}☃${'y'.repeat(1_000)}`)
    expect(shown).not.toContain('more byte')
  })

  test('without anything in it', () => {
    expect(sheet({ payload: '' })).toMatch(/payload, 0 bytes\n {2}nothing$/)
  })
})

test('the bytes of a payload', () => {
  expect([...payloadBytes({ payload: 'é\0', encoding: 'text' })]).toEqual([0xc3, 0xa9, 0])
  expect([...payloadBytes({ payload: 'AP+A', encoding: 'base64' })]).toEqual([0, 255, 128])
})

test('a hex dump: offsets, a last row that is short, nothing', () => {
  expect(hexDump(Uint8Array.from({ length: 18 }, (_, index) => index + 0x5a))).toEqual([
    '00000000  5a 5b 5c 5d 5e 5f 60 61  62 63 64 65 66 67 68 69  |Z[\\]^_`abcdefghi|',
    '00000010  6a 6b                                             |jk|',
  ])
  expect(hexDump(new Uint8Array())).toEqual([])
})
