import { describe, expect, it } from 'vitest'
import { ConfigError } from '../core/errors.js'
import type { ScheduleOptions } from '../core/schedule.js'
import { parseSchedule } from './schedule.js'

function dueAfter(options: ScheduleOptions, from: string, count = 3): readonly string[] {
  const schedule = parseSchedule(options, 'feed')
  const due: string[] = []
  for (let ms: number | undefined = Date.parse(from); ms !== undefined && due.length < count; ) {
    ms = schedule?.next(ms)
    if (ms !== undefined) due.push(new Date(ms).toISOString())
  }
  return due
}

describe('a schedule', () => {
  it('is in UTC unless it says otherwise', () => {
    expect(dueAfter('0 3 * * *', '2026-01-01T02:59:59.999Z', 2)).toEqual([
      '2026-01-01T03:00:00.000Z',
      '2026-01-02T03:00:00.000Z',
    ])
    expect(dueAfter({ cron: '0 3 * * *', timeZone: 'America/New_York' }, '2026-01-01T00:00:00Z', 1)).toEqual([
      '2026-01-01T08:00:00.000Z',
    ])
  })

  it('is due after a moment, never at it', () => {
    expect(dueAfter('*/15 * * * *', '2026-01-01T00:15:00Z', 1)).toEqual(['2026-01-01T00:30:00.000Z'])
  })

  it('is due once a day when the clocks are changed, also at an hour that there is not or twice', () => {
    const nightly = { cron: '30 2 * * *', timeZone: 'Europe/Vienna' }
    // 02:30 is not on the 29th of March: at 03:00 local time instead.
    expect(dueAfter(nightly, '2026-03-28T02:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
    expect(dueAfter(nightly, '2026-10-24T02:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  it('goes on at its interval through the hour that comes twice', () => {
    expect(dueAfter({ cron: '*/30 * * * *', timeZone: 'Europe/Vienna' }, '2026-10-25T00:15:00Z', 4)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ])
  })

  it.each([
    ['61 * * * *', /no cron expression/],
    ['every day', /no cron expression/],
    ['', /no cron expression/],
    ['2030-01-01T00:00:00', /no cron expression/],
    ['0 0 31 2 *', /never due/],
    [{ cron: '0 3 * * *', timeZone: 'Mars/Olympus' }, /Mars\/Olympus is no time zone/],
  ] as const)('that is %j is a ConfigError with key and cure', (options, message) => {
    const error = thrownBy(() => parseSchedule(options, 'feed'))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({
      code: 'schedule-invalid',
      key: 'feed({ schedule })',
      fix: expect.stringMatching(/such as/),
    })
    expect(error).toMatchObject({ problem: expect.stringMatching(message) })
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}
