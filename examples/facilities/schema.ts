import { doublePrecision, pgTable, serial, text } from 'drizzle-orm/pg-core'

export const facility = pgTable('facility', {
  id: serial('id').primaryKey(),
  name: text('name'),
  phone: text('phone'),
  url: text('url'),
  latitude: doublePrecision('latitude'),
  longitude: doublePrecision('longitude'),
  country: text('country'),
  locality: text('locality'),
  region: text('region'),
  postalCode: text('postal_code'),
  streetAddress: text('street_address'),
})
