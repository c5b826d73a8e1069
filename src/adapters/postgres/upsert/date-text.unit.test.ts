import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dateText } from './date-text.js'

describe('a date as text', () => {
  it.each([
    ['0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'],
    ['0000-12-31T23:59:59.999Z', '0001-12-31T23:59:59.999Z BC'],
    ['-000043-03-15T12:00:00.000Z', '0044-03-15T12:00:00.000Z BC'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['+010000-01-01T00:00:00.000Z', '10000-01-01T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
  ])('%s is %s', (iso, text) => {
    expect(dateText(new Date(iso))).toBe(text)
  })

  it('is what toISOString says in the years that it has four digits for', () => {
    const years = {
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }
    fc.assert(fc.property(fc.date(years), (date) => dateText(date) === date.toISOString()))
  })

  it('is none for an invalid date', () => {
    expect(dateText(new Date(Number.NaN))).toBeUndefined()
  })
})
