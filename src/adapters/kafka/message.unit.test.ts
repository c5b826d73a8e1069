import { describe, expect, it } from 'vitest'
import { messageOf } from './message.js'

const record = {
  key: Buffer.from('käse'),
  value: Buffer.from('{}'),
  timestamp: '1700000000000',
  offset: '9007199254740993',
  headers: { 'ce-type': Buffer.from('scan'), trace: ['a', Buffer.from('b')], empty: undefined },
}

describe('a message of Kafka', () => {
  it('is named after its place, and keeps every digit of its offset', () => {
    expect(messageOf(record, 'scans/3', undefined)).toMatchObject({
      id: 'scans/3@9007199254740993',
      key: 'käse',
      stream: 'scans/3',
      revision: 9007199254740993n,
      publishedAt: 1_700_000_000_000,
      type: undefined,
    })
  })

  it('has headers as text, the last of those given twice, without a prototype', () => {
    const { headers } = messageOf(record, 'scans/3', undefined)
    expect({ ...headers }).toEqual({ 'ce-type': 'scan', trace: 'b' })
    expect(Object.getPrototypeOf(headers)).toBeNull()
    const hostile = messageOf({ ...record, headers: JSON.parse('{"__proto__":"x"}') }, 'scans/3', undefined)
    expect(Object.entries(hostile.headers)).toEqual([['__proto__', 'x']])
  })

  it('takes its type from the header that was named', () => {
    expect(messageOf(record, 'scans/3', 'ce-type').type).toBe('scan')
    expect(messageOf(record, 'scans/3', 'other').type).toBeUndefined()
  })

  it('says in a header that its key is no text, and gives it as base64', () => {
    const bytes = Buffer.from([0xff, 0xfe])
    const message = messageOf({ ...record, key: bytes, headers: undefined }, 'scans/3', undefined)
    expect(message.key).toBe(bytes.toString('base64'))
    expect({ ...message.headers }).toEqual({ 'lockstep-key-encoding': 'base64' })
  })

  it('says in a header that it is a tombstone', () => {
    const message = messageOf({ ...record, value: null, key: null, headers: {} }, 'scans/3', undefined)
    expect(message.body.byteLength).toBe(0)
    expect(message.key).toBeUndefined()
    expect({ ...message.headers }).toEqual({ 'lockstep-tombstone': 'true' })
  })

  it('is the event that it was before it was relayed, at its offset', () => {
    const headers = {
      'lockstep-id': 'event-1',
      'lockstep-stream': 'quote-7',
      'lockstep-revision': '12',
      'lockstep-type': 'quote_started',
      'lockstep-time': '5',
      'lockstep-metadata': '{}',
    }
    const message = messageOf({ ...record, headers }, 'quotes/0', 'ce-type')
    expect(message).toMatchObject({
      id: 'event-1',
      stream: 'quote-7',
      revision: 12n,
      type: 'quote_started',
      publishedAt: 5,
      offset: 9007199254740993n,
    })
    expect(Buffer.from(message.metadata ?? []).toString()).toBe('{}')
    const odd = messageOf({ ...record, headers: { ...headers, 'lockstep-revision': '-1' } }, 'quotes/0', undefined)
    expect(odd.revision).toBeUndefined()
  })
})
