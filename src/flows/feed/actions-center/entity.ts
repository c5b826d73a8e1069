/**
 * An entity as the Actions Center reads it ("Entity feed" of its feed reference): a shop, a restaurant, a clinic. Fields that
 * are optional may be left out or `null`.
 */
export interface ActionsCenterEntity {
  /** Unique in the feed; best of characters that need no escape in a URL. */
  readonly entity_id: string
  readonly name: string
  /** With country and area code: `+14567891234`. */
  readonly telephone?: string | null
  /** Of the public web site. */
  readonly url?: string | null
  readonly location: ActionsCenterLocation
}

/** Latitude and longitude, an address, or both. Of the two forms of address at most one. */
export type ActionsCenterLocation = ActionsCenterCoordinates &
  (
    | { readonly address?: ActionsCenterAddress | null; readonly unstructured_address?: null }
    | { readonly address?: null; readonly unstructured_address: string }
  )

interface ActionsCenterCoordinates {
  /** From -90 to 90. */
  readonly latitude?: number | null
  /** From -180 to 180. */
  readonly longitude?: number | null
}

export interface ActionsCenterAddress {
  /** Two letters (ISO 3166-1 alpha-2): `US`. */
  readonly country: string | null
  readonly locality: string | null
  /** Where it commonly is a part of the address. */
  readonly region?: string | null
  readonly postal_code: string | null
  readonly street_address: string | null
}

/** The fields of a structured address. */
export type AddressField = keyof ActionsCenterAddress
export const ADDRESS_FIELDS: readonly AddressField[] = [
  'country',
  'locality',
  'region',
  'postal_code',
  'street_address',
]
