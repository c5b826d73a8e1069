import { describe, expect, it } from 'vitest'
import { dateLiteral, utcText } from './date-text.js'

describe('a moment with a zone', () => {
  it.each([
    ['2024-01-01T00:00:00Z', '2024-01-01 00:00:00'],
    ['2024-01-01T00:30:00.123456+01:00', '2023-12-31 23:30:00.123456'],
    ['2024-01-01 00:00:00-0530', '2024-01-01 05:30:00'],
    ['2024-01-01T00:00+02', '2023-12-31 22:00:00'],
    ['2024-01-01t00:00:00,5z', '2024-01-01 00:00:00.5'],
  ])('%s becomes %s', (given, utc) => {
    expect(utcText(given)).toBe(utc)
  })

  it.each(['2024-01-01', '2024-01-01 00:00:00', '2024-13-01T00:00:00Z', '0000-01-01T00:00:00+12:00', 'now', ''])(
    'is left as it is when it is none: %s',
    (given) => {
      expect(utcText(given)).toBe(given)
    },
  )
})

describe('a date', () => {
  it('is written in UTC as its column takes it', () => {
    const date = new Date('2024-02-29T23:59:59.123Z')
    expect(dateLiteral(date, 'moment')).toBe('2024-02-29 23:59:59.123')
    expect(dateLiteral(date, 'date')).toBe('2024-02-29')
    expect(dateLiteral(date, 'text')).toBe('2024-02-29T23:59:59.123Z')
    expect(dateLiteral(date, 'other')).toBeUndefined()
  })

  it('is refused when it is invalid, before the year 0 or after 9999', () => {
    for (const ms of [Number.NaN, -8.64e15, 8.64e15]) expect(dateLiteral(new Date(ms), 'moment')).toBeUndefined()
  })
})
