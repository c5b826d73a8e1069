import { Command, InvalidArgumentError } from 'commander'
import { describe, expect, test } from 'vitest'
import { filterOf, letterOptions, moment } from './letter-options.js'

const NOW_MS = Date.parse('2026-01-10T00:00:00Z')

test.each([
  ['90s', '2026-01-09T23:58:30.000Z'],
  ['90m', '2026-01-09T22:30:00.000Z'],
  ['2h', '2026-01-09T22:00:00.000Z'],
  ['7d', '2026-01-03T00:00:00.000Z'],
  ['2026-01-01T12:00:00+02:00', '2026-01-01T10:00:00.000Z'],
  ['2026-01-01', '2026-01-01T00:00:00.000Z'],
])('%s is a moment', (text, iso) => {
  expect(moment(text, NOW_MS)).toBe(iso)
})

test.each(['', 'yesterday', '2 h', '-2h', '2w', '12', '2026-13-01', '2026'])('%j is none', (text) => {
  expect(() => moment(text, NOW_MS)).toThrow(InvalidArgumentError)
})

describe('the options of a command', () => {
  const parse = (...args: string[]) => {
    const command = new Command('x').exitOverride().configureOutput({ writeErr: () => {} })
    for (const option of letterOptions()) command.addOption(option)
    return filterOf(command.parse(args, { from: 'user' }).opts())
  }

  test('none is no filter', () => {
    expect(parse()).toEqual({})
  })

  test('lists are parted by commas or repeated', () => {
    expect(parse('--code', 'a,b', '--code', 'c', '--stage', 'decode, write', '--state', 'held')).toEqual({
      codes: ['a', 'b', 'c'],
      stages: ['decode', 'write'],
      states: ['held'],
    })
  })

  test.each([
    ['--stage', 'wrote'],
    ['--state', 'dead,alive'],
    ['--code', 'a,'],
    ['--since', 'never'],
  ])('%s %s is refused', (...args) => {
    expect(() => parse(...args)).toThrow(/argument '.*' is invalid/)
  })
})
