import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import type { Client } from 'pg'
import { z } from 'zod'

const DESCRIPTOR = '.filesetdesc.json'
const Descriptor = z.object({ generation_timestamp: z.number(), data_file: z.array(z.string()) })
const DataFile = z.object({ data: z.array(z.unknown()) })

/** What Google must read of the table. `$1`: ids of the planted rows, which it must not. */
const ENTITIES = `select json_build_object('entity_id', 'facility-' || id, 'name', name, 'telephone', phone, 'url', url,
  'location', json_build_object('latitude', latitude, 'longitude', longitude, 'address', json_build_object('country', country,
  'locality', locality, 'region', region, 'postal_code', postal_code, 'street_address', street_address))) as entity
  from facility where not id = any($1::int[]) order by id`

export interface PublishedFeed {
  readonly files: readonly string[]
  readonly entities: readonly unknown[]
}

/** The newest feed as a reader sees it: its descriptor, and the files that this names, unpacked and parsed. */
export async function readNewestFeed(folder: string): Promise<PublishedFeed> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(DESCRIPTOR))
  const found = await Promise.all(
    names.map(async (name) => Descriptor.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))),
  )
  const newest = found.sort((a, b) => b.generation_timestamp - a.generation_timestamp)[0]
  const files = newest?.data_file ?? []
  const entities: unknown[] = []
  for (const name of files) {
    const { data } = DataFile.parse(JSON.parse(gunzipSync(await readFile(join(folder, name))).toString()))
    for (const entity of data) entities.push(entity)
  }
  return { files, entities }
}

/** Entities that are missing, too many, or other than plain SQL makes them; nothing here shares code with the product. */
export async function wrongEntities(
  client: Client,
  { entities }: PublishedFeed,
  planted: readonly number[],
): Promise<number> {
  const { rows } = await client.query<{ entity: unknown }>(ENTITIES, [planted])
  const right = rows.filter(({ entity }, index) => isDeepStrictEqual(entity, entities[index])).length
  return Math.max(rows.length, entities.length) - right
}
