import { type Config, feed, ndjson } from 'lockstep'
import { folder } from 'lockstep/folder'
import { sqlite } from 'lockstep/sqlite'

const place = String(process.env['FEED_FOLDER'])
const database = sqlite(`${place}/shops.db`)
const bad = Number(process.env['FEED_BAD'] ?? 10)

/** One row in `FEED_BAD` is rejected. */
const config: Config = {
  ...(process.env['FEED_STATELESS'] === undefined ? { state: sqlite(`${place}/state.db`) } : {}),
  flows: {
    shops: feed({
      from: database.table('shop'),
      map: ({ id, name }) => {
        if (Number(id) % bad === 0) throw new RangeError(`refused ${String(name)}`)
        return { id: Number(id), name: String(name) }
      },
      as: ndjson(),
      to: folder(`${place}/out`),
      rotate: { rows: 500 },
      stopAbove: 0.2,
      whenUnchanged: 'skip',
    }),
    fresh: feed({
      from: database.table('shop'),
      since: { column: 'id', overlap: 1 },
      as: ndjson(),
      to: folder(`${place}/fresh`),
      schedule: '0 0 1 1 *',
    }),
  },
}

export default config
