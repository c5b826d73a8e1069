import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import { type Format, jsonFormat } from '../format.js'
import type { Shard } from '../part-file.js'
import type { Preset } from '../preset.js'
import { type ActionsCenterEntity, ADDRESS_FIELDS, type AddressField } from './entity.js'
import { type AddressRule, type EntityRules, entityValidator } from './entity-rules.js'

export interface ActionsCenterOptions {
  /**
   * What each entity must have besides its id and name: a structured `address`, an `unstructured_address`, or (`optional`)
   * any of an address and a pair of coordinates. Default `structured`.
   */
  readonly address?: AddressRule
  /** Fields that a structured address must have. Default all but `region`, which not every country has. */
  readonly addressFields?: readonly AddressField[]
  /**
   * Ends each file with a `metadata` block: `PROCESS_AS_COMPLETE`, the number of the shard, how many there are, one nonce and
   * one timestamp. Files are then ended together, so that each keeps its last part in memory until then. Default `false`:
   * the descriptor says which files belong together.
   */
  readonly metadata?: boolean
}

/** Names of feeds that the preset knows. */
export type ActionsCenterFeed = 'reservewithgoogle.entity'

const NAMES: readonly ActionsCenterFeed[] = ['reservewithgoogle.entity']
const Options = z.strictObject({
  address: z.enum(['structured', 'unstructured', 'optional']).default('structured'),
  addressFields: z.array(z.enum(ADDRESS_FIELDS)).default(['country', 'locality', 'postal_code', 'street_address']),
  metadata: z.boolean().default(false),
})

/**
 * A feed for Google's Actions Center (its pages "Entity feed", "Feed metadata" and "Sharding"): files `{"data":[...]}` of at
 * most 200 MB after gzip, each entity checked before anything is published, and last, never compressed, the descriptor
 * `<name>-<generation timestamp>.filesetdesc.json`, which names the files. `map` has to make `ActionsCenterEntity`.
 *
 * @throws ConfigError when the name or an option is wrong.
 */
export function actionsCenter(
  name: ActionsCenterFeed,
  options: ActionsCenterOptions = {},
): Format<ActionsCenterEntity> {
  if (!NAMES.includes(name)) throw problem(`actionsCenter(name)`, `must be one of: ${NAMES.join(', ')}`)
  const { success, data, error } = Options.safeParse(options)
  if (!success) {
    const [issue] = error.issues
    const key = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.')
    throw problem(`actionsCenter(name, { ${key ?? 'options'} })`, issue?.message ?? 'is not valid')
  }
  const { address, addressFields, metadata } = data
  const rules: EntityRules = { address, required: addressFields }
  const preset: Preset = {
    name: 'actionsCenter',
    key: 'entity_id',
    maxFileBytes: 200_000_000,
    recommendedFiles: 20,
    descriptor: {
      prefix: `${name}-`,
      suffix: '.filesetdesc.json',
      content: ({ timestamp }, files) => ({ generation_timestamp: timestamp, name, data_file: files }),
    },
    together: metadata,
    rules: JSON.stringify(rules),
    validator: (seen) => entityValidator(rules, seen),
  }
  const close = metadata ? (shard: Shard) => `],"metadata":${metadataOf(shard)}}` : () => ']}'
  return { ...jsonFormat({ open: '{"data":[', close, together: metadata }), preset }
}

function metadataOf({ number, total, generation }: Shard): string {
  return JSON.stringify({
    processing_instruction: 'PROCESS_AS_COMPLETE',
    shard_number: number,
    total_shards: total,
    nonce: generation.nonce,
    generation_timestamp: generation.timestamp,
  })
}

function problem(key: string, message: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key, message, fix: 'correct it' })
}
