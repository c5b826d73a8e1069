import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../core/errors.js'
import { actionsCenter } from '../actions-center/actions-center.js'
import type { AddressRule } from '../actions-center/entity-rules.js'
import { json, ndjson } from '../format.js'
import { parseOptions, type Settings } from '../settings.js'
import { feedFingerprint } from './fingerprint.js'

const store = { create: () => {}, list: () => {}, sweep: () => {} }
const database = { engine: 'postgres', label: 'postgres://main/app', holdSnapshot: () => {} }
const from = { exports: () => {}, grants: () => {}, database, name: 'facility', options: {} }
const asked = { from, to: store, distribute: { postgres: 'postgres://queue/app' } }

function keyOf(options: unknown): string {
  try {
    parseOptions(options)
  } catch (error) {
    if (error instanceof ConfigError) return error.key
    throw error
  }
  return ''
}

const settings = (more: object = {}): Settings => parseOptions({ ...asked, ...more })

describe('a feed that is to be shared out', () => {
  it('refuses by name what cannot be', () => {
    expect(keyOf(asked)).toBe('')
    expect(keyOf({ ...asked, since: 'last-run' })).toBe('feed({ since })')
    const entities = (options = {}) => ({ map: () => ({}), as: actionsCenter('reservewithgoogle.entity', options) })
    expect(keyOf({ ...asked, ...entities() })).toBe('')
    expect(keyOf({ ...asked, ...entities({ metadata: true }) })).toBe('feed({ distribute })')
    expect(keyOf({ ...asked, distribute: { ...asked.distribute, snapshotMs: 1_000 } })).toBe(
      'feed({ distribute.snapshotMs })',
    )
    expect(keyOf({ ...asked, distribute: { ...asked.distribute, ranges: 0 } })).toBe('feed({ distribute.ranges })')
    expect(keyOf({ ...asked, distribute: 'postgres://queue/app' })).toBe('feed({ distribute })')
    expect(keyOf({ ...asked, from: { ...from, query: 'select 1' } })).toBe('feed({ distribute })')
  })

  it('has rows of different moments only where the config says so', () => {
    const unshared = { ...asked, from: { ...from, database: { engine: 'mysql', label: 'mysql://main/app' } } }
    expect(() => parseOptions(unshared)).toThrow(
      /feed\(\{ consistency \}\).*mysql:\/\/main\/app has no moment .* agree to that with consistency: 'ranges'/s,
    )
    for (const consistency of ['ranges', 'chunks']) {
      expect(parseOptions({ ...unshared, consistency })).toMatchObject({ consistency })
      expect(parseOptions({ ...asked, consistency })).toMatchObject({ consistency })
    }
    expect(keyOf({ ...asked, distribute: undefined, consistency: 'ranges' })).toBe('feed({ consistency })')
  })

  it('is the same for configs that say the same of its files, wherever they are', () => {
    const print = feedFingerprint(settings({ as: ndjson() }))
    const elsewhere = {
      to: { ...store, label: 's3' },
      keep: 3,
      readers: 4,
      distribute: { postgres: 'postgres://other/app' },
    }
    expect(feedFingerprint(settings({ as: ndjson(), ...elsewhere }))).toBe(print)
    const others = [
      { where: 'a' },
      { rotate: { rows: 10 } },
      { gzip: false },
      { map: () => 1 },
      { consistency: 'chunks' },
      { consistency: 'ranges' },
    ]
    const prints = others.map((other) => feedFingerprint(settings({ as: ndjson(), ...other })))
    const formats = [json(), json({ envelope: 'data' }), json({ envelope: 'rows' })]
    const entities = (address: AddressRule) => {
      const as = actionsCenter('reservewithgoogle.entity', { address })
      return feedFingerprint(settings({ as, map: () => ({}) }))
    }
    prints.push(entities('optional'), entities('structured'))
    prints.push(...formats.map((as) => feedFingerprint(settings({ as }))), print)
    expect(new Set(prints).size).toBe(prints.length)
  })
})
