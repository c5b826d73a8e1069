import { DataError } from '../../../core/errors.js'
import { InvalidRow } from '../invalid-row.js'
import type { RowValidator } from '../preset.js'
import type { Seen } from '../seen.js'
import { ADDRESS_FIELDS, type AddressField } from './entity.js'

export type AddressRule = 'structured' | 'unstructured' | 'optional'

export interface EntityRules {
  readonly address: AddressRule
  /** Fields that a structured address must have. */
  readonly required: readonly AddressField[]
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Throws `DataError` `entity-invalid` with all that is wrong with an entity; values are not told. An `entity_id` that was seen is
 * `entity-repeated`.
 */
export function entityValidator(rules: EntityRules, seen: Seen): RowValidator {
  return (row) => {
    const problems = isObject(row) ? [...entityProblems(row, rules)] : ['it is no object']
    if (problems.length > 0) throw new InvalidRow('entity-invalid', problems)
    if (!isObject(row) || !seen.add(String(row['entity_id']))) return
    throw new DataError('entity-repeated', 'entity_id is that of an entity before, and must be unique')
  }
}

function* entityProblems(entity: Fields, rules: EntityRules): Iterable<string> {
  yield* text(entity['entity_id'], 'entity_id', MAX_ID)
  yield* text(entity['name'], 'name')
  yield* shape(
    entity['telephone'],
    TELEPHONE,
    'telephone must be a telephone number with its country code, such as +14567891234',
  )
  yield* shape(entity['url'], URL_SHAPE, 'url must be the address of a web site, such as https://example.com')
  const { location } = entity
  if (isObject(location)) yield* locationProblems(location, rules)
  else yield absent(location) ? 'location is missing' : 'location must be an object'
}

function* locationProblems(location: Fields, { address: rule, required }: EntityRules): Iterable<string> {
  yield* degrees(location, 'latitude', 90)
  yield* degrees(location, 'longitude', 180)
  const { latitude, longitude, address, unstructured_address: unstructured } = location
  const pair = !absent(latitude) && !absent(longitude)
  if (!pair && !(absent(latitude) && absent(longitude))) yield 'location has only one of latitude and longitude'
  const [structured, plain] = [!absent(address), !absent(unstructured)]
  if (structured && plain) yield 'location has both address and unstructured_address'
  if (rule === 'structured' && !structured) yield 'location.address is missing'
  if (rule === 'unstructured' && !plain) yield 'location.unstructured_address is missing'
  if (rule === 'optional' && !pair && !structured && !plain) yield 'location has neither coordinates nor an address'
  if (plain) yield* text(unstructured, 'location.unstructured_address')
  if (structured) yield* addressProblems(address, required)
}

function* addressProblems(address: unknown, required: readonly AddressField[]): Iterable<string> {
  if (!isObject(address)) return yield 'location.address must be an object'
  for (const field of ADDRESS_FIELDS) {
    const at = `location.address.${field}`
    if (required.includes(field) || !absent(address[field])) yield* text(address[field], at)
  }
  const { country } = address
  if (typeof country === 'string' && country.trim() !== '' && !COUNTRY.test(country)) {
    yield 'location.address.country must be two capital letters (ISO 3166-1 alpha-2)'
  }
}

function* degrees(location: Fields, field: string, most: number): Iterable<string> {
  const value = location[field]
  if (absent(value)) return
  if (typeof value !== 'number') yield `location.${field} must be a number`
  else if (!Number.isFinite(value)) yield `location.${field} is no number (NaN or infinite)`
  else if (Math.abs(value) > most) yield `location.${field} is not between -${most} and ${most}`
}

function* text(value: unknown, at: string, most = Number.POSITIVE_INFINITY): Iterable<string> {
  if (absent(value)) yield `${at} is missing`
  else if (typeof value !== 'string') yield `${at} must be a text`
  else if (value.trim() === '') yield `${at} is empty`
  else if (HALF_PAIR.test(value)) yield `${at} holds half a surrogate pair`
  else if (value.length > most) yield `${at} is longer than ${most} characters`
}

function* shape(value: unknown, right: RegExp, problem: string): Iterable<string> {
  if (!absent(value) && (typeof value !== 'string' || !right.test(value))) yield problem
}

const MAX_ID = 1_000
const HALF_PAIR = /\p{Surrogate}/u
const COUNTRY = /^[A-Z]{2}$/
/** Digits, with what people put between them. */
const TELEPHONE = /^\+[1-9](?:[ ().\-/]*\d){5,16}$/
/** No user, no space; the scheme may be left out, as in the documentation's own example. */
const URL_SHAPE =
  /^(?:https?:\/\/)?(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,}(?::\d{1,5})?(?:[/?#]\S*)?$/u

function absent(value: unknown): boolean {
  return value === undefined || value === null
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
