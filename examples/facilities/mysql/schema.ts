import { double, int, mysqlTable, text } from 'drizzle-orm/mysql-core'

export const facility = mysqlTable('facility', {
  id: int('id').autoincrement().primaryKey(),
  name: text('name'),
  phone: text('phone'),
  url: text('url'),
  latitude: double('latitude'),
  longitude: double('longitude'),
  country: text('country'),
  locality: text('locality'),
  region: text('region'),
  postalCode: text('postal_code'),
  streetAddress: text('street_address'),
})
