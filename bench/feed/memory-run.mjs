// The built package in a process of its own, as users run it: publishes once and prints its greatest resident memory, in MB.
import { feed, json } from 'lockstep'
import { folder } from 'lockstep/folder'
import { postgres } from 'lockstep/postgres'

const [url = '', path = '', rows = '', mapped = ''] = process.argv.slice(2)
const database = postgres(url)
const common = {
  from: database.table('facility'),
  where: `id <= ${Number(rows)}`,
  as: json({ envelope: 'data' }),
  to: folder(path),
  keep: 1,
}
const toEntity = ({ id, name, ...rest }) => ({ entity_id: String(id), name, location: { ...rest } })
const flow = feed(mapped === 'mapped' ? { ...common, map: toEntity } : common)
const { signal } = new AbortController()
await flow.run({ name: 'facilities', observer: () => {}, drain: signal, abort: signal, untilCaughtUp: false })
await database[Symbol.asyncDispose]()
console.log(String(process.resourceUsage().maxRSS / 1000))
