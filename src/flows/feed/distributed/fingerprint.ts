import { createHash } from 'node:crypto'
import type { Settings } from '../settings.js'
import { compressionOf } from '../text-encoder.js'

/** Changes with what is said of tasks and results, and with how files are named: processes of both kinds do no ranges for each other. */
const VERSION = 3

/** What decides which files a range becomes, but for addresses, the name of the feed and the text of functions: two configs that say the same do ranges for each other. */
export function feedFingerprint(settings: Settings): string {
  const { from, where, as, rotate, consistency, map, schema, quarantine } = settings
  const { encoding, columns } = as
  const form =
    encoding.kind === 'parquet'
      ? encoding
      : [encoding.separator, encoding.head(columns ?? []), encoding.tail(1, { number: 0, total: 1, generation: NONE })]
  const said = {
    from: [from.database.engine, from.name, from.query, from.options],
    ...{ where, rotate, consistency, columns, form },
    as: [as.name, as.extension, as.contentType, as.preset?.rules],
    compression: compressionOf(settings),
    has: { map: map !== undefined, schema: schema !== undefined, quarantine: quarantine !== undefined },
  }
  return createHash('sha256')
    .update(JSON.stringify(['feed', VERSION, said]))
    .digest('hex')
}

const NONE = { timestamp: 0, nonce: 0 }
