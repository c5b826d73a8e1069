import { doublePrecision, pgTable, serial, text } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { folder } from '../../../adapters/objects/files/index.js'
import { postgres } from '../../../adapters/postgres/index.js'
import { ConfigError, DataError } from '../../../core/errors.js'
import { feed } from '../feed.js'
import { json } from '../format.js'
import { Seen } from '../seen.js'
import { actionsCenter } from './actions-center.js'
import { type ActionsCenterEntity, ADDRESS_FIELDS } from './entity.js'
import { type EntityRules, entityValidator } from './entity-rules.js'

const RULES: EntityRules = { address: 'structured', required: ADDRESS_FIELDS.filter((field) => field !== 'region') }
const ADDRESS = {
  country: 'US',
  locality: 'Sunnyvale',
  region: 'CA',
  postal_code: '94089',
  street_address: '815 11th Ave',
}
const ENTITY = {
  entity_id: 'dining-1',
  name: 'Sample Eatery 1',
  telephone: '+1-415-876-5432',
  url: 'www.sampleeatery1.com',
  location: { latitude: 37.40457, longitude: -122.03316, address: ADDRESS },
} satisfies ActionsCenterEntity

/** What is wrong with an entity; `undefined`: nothing. */
function wrong(row: unknown, rules: EntityRules = RULES): string | undefined {
  try {
    entityValidator(rules, new Seen())(row)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(DataError)
    return error instanceof Error ? error.message : ''
  }
}

const located = (change: object) => ({ ...ENTITY, location: { ...ENTITY.location, ...change } })
const addressed = (change: object) => located({ address: { ...ADDRESS, ...change } })

describe('the validator of entities', () => {
  it.each([
    { what: 'as the documentation has it', row: ENTITY },
    { what: 'without what is optional', row: { ...ENTITY, telephone: null, url: undefined } },
    { what: 'without coordinates', row: located({ latitude: null, longitude: null }) },
    { what: 'at the edge of the world', row: located({ latitude: -90, longitude: 180 }) },
    { what: 'without a region', row: addressed({ region: null }) },
    { what: 'with a name in any script', row: { ...ENTITY, name: 'Дом 🚀', url: 'https://müller.example/ä?q=1#x' } },
  ])('takes an entity $what', ({ row }) => {
    expect(wrong(row)).toBeUndefined()
  })

  it.each([
    { row: 'text', reason: 'it is no object' },
    { row: { ...ENTITY, entity_id: undefined }, reason: 'entity_id is missing' },
    { row: { ...ENTITY, entity_id: 7 }, reason: 'entity_id must be a text' },
    { row: { ...ENTITY, entity_id: 'x'.repeat(1_001) }, reason: 'entity_id is longer than 1000 characters' },
    { row: { ...ENTITY, name: ' ' }, reason: 'name is empty' },
    { row: { ...ENTITY, name: null }, reason: 'name is missing' },
    { row: { ...ENTITY, name: 'half \ud83d' }, reason: 'name holds half a surrogate pair' },
    { row: { ...ENTITY, location: null }, reason: 'location is missing' },
    { row: { ...ENTITY, location: [] }, reason: 'location must be an object' },
    { row: { ...ENTITY, telephone: '415 876' }, reason: /^telephone must be/ },
    { row: { ...ENTITY, telephone: 5 }, reason: /^telephone must be/ },
    { row: { ...ENTITY, url: 'javascript:alert(1)' }, reason: /^url must be/ },
    { row: { ...ENTITY, url: 'no site' }, reason: /^url must be/ },
    { row: located({ latitude: Number.NaN }), reason: 'location.latitude is no number (NaN or infinite)' },
    { row: located({ latitude: 90.1 }), reason: 'location.latitude is not between -90 and 90' },
    { row: located({ longitude: -180.5 }), reason: 'location.longitude is not between -180 and 180' },
    { row: located({ longitude: '7' }), reason: 'location.longitude must be a number' },
    { row: located({ longitude: null }), reason: 'location has only one of latitude and longitude' },
    { row: located({ address: null }), reason: 'location.address is missing' },
    { row: located({ unstructured_address: 'x' }), reason: 'location has both address and unstructured_address' },
    { row: addressed({ country: 'usa' }), reason: /country must be two capital letters/ },
    { row: addressed({ postal_code: null }), reason: 'location.address.postal_code is missing' },
    {
      row: addressed({ street_address: '\udc00' }),
      reason: 'location.address.street_address holds half a surrogate pair',
    },
  ])('says: $reason', ({ row, reason }) => {
    expect(wrong(row)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason))
  })

  it('says all that is wrong with an entity, and none of its values', () => {
    const said = wrong({ ...located({ latitude: 91, address: {} }), name: '', telephone: 'secret' }) ?? ''
    for (const part of [
      'name is empty',
      'telephone must',
      'latitude is not',
      'country is missing',
      'locality is missing',
    ]) {
      expect(said).toContain(part)
    }
    expect(said).not.toContain('secret')
  })

  it('follows the rule for addresses', () => {
    const [pair, plain] = [located({ address: null }), located({ address: null, unstructured_address: '1 Main St' })]
    expect(wrong(pair, { ...RULES, address: 'optional' })).toBeUndefined()
    expect(wrong(plain, { ...RULES, address: 'optional' })).toBeUndefined()
    expect(wrong(plain, { ...RULES, address: 'unstructured' })).toBeUndefined()
    expect(wrong(ENTITY, { ...RULES, address: 'unstructured' })).toBe('location.unstructured_address is missing')
    expect(wrong({ ...ENTITY, location: {} }, { ...RULES, address: 'optional' })).toMatch(/neither coordinates nor/)
    expect(wrong(addressed({ region: null }), { ...RULES, required: ADDRESS_FIELDS })).toMatch(/region is missing/)
  })

  it('rejects an entity_id that was there before, and only within one export', () => {
    const validate = entityValidator(RULES, new Seen())
    validate(ENTITY)
    validate({ ...ENTITY, entity_id: 'dining-2' })
    expect(() => validate(ENTITY)).toThrow(expect.objectContaining({ code: 'entity-repeated' }))
    expect(() => entityValidator(RULES, new Seen())(ENTITY)).not.toThrow()
  })

  it('remembers very many ids, each once', () => {
    const seen = new Seen()
    const repeated = Array.from({ length: 120_000 }, (_, index) => seen.add(`id-${index % 100_000}`)).filter(Boolean)
    expect(repeated).toHaveLength(20_000)
  })
})

const facility = pgTable('facility', { id: serial().primaryKey(), name: text().notNull(), latitude: doublePrecision() })
const from = postgres('postgres://u:p@localhost/x').table(facility)
const to = folder('out')

describe('actionsCenter', () => {
  it('is a format that only entities fit, else it does not compile', () => {
    const as = actionsCenter('reservewithgoogle.entity')
    const location = { address: ADDRESS }
    expect(feed({ from, as, to, map: ({ id, name }) => ({ entity_id: String(id), name, location }) }).kind).toBe('feed')
    const later = async ({ id, name }: { id: number; name: string }) => ({ entity_id: String(id), name, location })
    expect(feed({ from, as, to, map: later }).kind).toBe('feed')
    expect(feed({ from, as: json(), to, map: ({ id }) => ({ id }) }).kind).toBe('feed')
    // @ts-expect-error: the id must be a text
    expect(feed({ from, as, to, map: ({ id, name }) => ({ entity_id: id, name, location }) }).kind).toBe('feed')
    // @ts-expect-error: no location
    expect(feed({ from, as, to, map: ({ id, name }) => ({ entity_id: String(id), name }) }).kind).toBe('feed')
    const both = { address: ADDRESS, unstructured_address: 'x' }
    // @ts-expect-error: two forms of address
    expect(feed({ from, as, to, map: () => ({ entity_id: '1', name: 'n', location: both }) }).kind).toBe('feed')
    // @ts-expect-error: no feed of this name
    expect(() => actionsCenter('reservewithgoogle.entities')).toThrow(/must be one of/)
  })

  it.each([
    { what: 'without map', make: () => feed({ from, to, as: actionsCenter('reservewithgoogle.entity') }) },
    {
      what: 'with files that are too large',
      make: () =>
        feed({ from, to, as: actionsCenter('reservewithgoogle.entity'), map: () => null, rotate: { bytes: 2e8 + 1 } }),
    },
    {
      what: 'with skipping, where no file can be as before',
      make: () =>
        feed({
          from,
          to,
          as: actionsCenter('reservewithgoogle.entity', { metadata: true }),
          map: () => null,
          whenUnchanged: 'skip',
        }),
    },
    {
      what: 'with an option there is not',
      make: () => {
        const options = { metadata: false, adress: 'optional' }
        return actionsCenter('reservewithgoogle.entity', options)
      },
    },
  ])('is refused $what', ({ make }) => {
    expect(make).toThrow(ConfigError)
  })
})
