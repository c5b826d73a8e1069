import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../core/errors.js'
import { startPositions } from './start-positions.js'

const partitions = [{ topic: 't', partition: 0 }]
const marks = new Map([['t/0', { low: 10n, high: 100n }]])
const none = new Map<string, bigint>()
const notices: string[] = []
const rules = {
  fromBeginning: true,
  onGap: 'stop' as const,
  groupId: 'g',
  notice: ({ message }: { message: string }) => notices.push(message),
}

const start = (saved: string | undefined, committed = none, change: Partial<typeof rules> = {}, at = marks) => {
  const known = { saved: new Map(saved === undefined ? [] : [['t/0', saved]]), marks: at, committed }
  return startPositions(partitions, known, { ...rules, ...change })[0]
}

describe('where a partition begins', () => {
  it('is the saved position, whatever the group committed', () => {
    expect(start('50', new Map([['t/0', 70n]]))).toMatchObject({ lane: 't/0', offset: 50n, keep: false })
    expect(start('10')?.offset).toBe(10n)
    expect(start('100')?.offset).toBe(100n)
  })

  it('is the oldest message without one, or, if so told, where the group stood, or the end, which is then saved', () => {
    expect(start(undefined, new Map([['t/0', 70n]]))?.offset).toBe(10n)
    expect(start(undefined, new Map([['t/0', 70n]]), { fromBeginning: false })).toMatchObject({
      offset: 70n,
      keep: true,
    })
    expect(start(undefined, none, { fromBeginning: false })).toMatchObject({ offset: 100n, keep: true })
  })

  it('is the first message of a partition that was added while others are being read', () => {
    const known = { saved: new Map([['t/1', '5']]), marks, committed: none }
    expect(startPositions(partitions, known, { ...rules, fromBeginning: false })[0]?.offset).toBe(10n)
    const other = { saved: new Map([['t2/1', '5']]), marks, committed: none }
    expect(startPositions(partitions, other, { ...rules, fromBeginning: false })[0]?.offset).toBe(100n)
  })

  it.each(['9', '101'])('stops the flow where messages are missing: %s', (saved) => {
    expect(() => start(saved)).toThrow(ConfigError)
    expect(() => start(saved)).toThrow(new RegExp(`lane t/0: the next message is ${saved}`))
  })

  it('is the oldest message after a gap that was accepted, with a notice', () => {
    const accepting = { saved: new Map([['t/0', '9']]), marks, committed: none }
    expect(startPositions(partitions, accepting, { ...rules, onGap: 'earliest' })[0]?.offset).toBe(10n)
    expect(notices).toHaveLength(1)
  })

  it('refuses a position that is no offset', () => {
    expect(() => start('C:1/P:2')).toThrow(/not an offset/)
  })
})
