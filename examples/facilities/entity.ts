import type { ActionsCenterEntity } from 'lockstep'
import type { facility } from './schema.js'

/** What Google reads of a facility. A field that is forgotten, or of another type, does not compile. */
export function toEntity(row: typeof facility.$inferSelect): ActionsCenterEntity {
  return {
    entity_id: `facility-${row.id}`,
    name: row.name ?? '',
    telephone: row.phone,
    url: row.url,
    location: {
      latitude: row.latitude,
      longitude: row.longitude,
      address: {
        country: row.country,
        locality: row.locality,
        region: row.region,
        postal_code: row.postalCode,
        street_address: row.streetAddress,
      },
    },
  }
}
