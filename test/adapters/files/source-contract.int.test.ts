import { files } from 'lockstep/files'
import type { Message } from '../../../src/core/message.js'
import { sourceContract } from '../../contracts/source.js'
import { Folder } from './folder.js'
import { OPTIONS } from './reading.js'

const LAYOUTS = [
  { extension: 'ndjson', head: '' },
  { extension: 'csv', head: 'id,text\r\n' },
  { extension: 'ndjson.gz', head: '' },
  { extension: 'csv.gz', head: 'id,text\n' },
]

for (const { extension, head } of LAYOUTS) {
  const line = (id: string) => (head === '' ? JSON.stringify({ id }) : `"${id}","a ""quoted""\nnewline"`)
  const unsupported = [{ reason: 'a file of gzip does not grow', tests: ['gives what comes while it is being read'] }]
  sourceContract(
    `files, ${extension}`,
    async () => {
      const folder = await Folder.make()
      const names = [`even.${extension}`, `odd.${extension}`]
      for (const name of names) await folder.append(name, head)
      const stream = files({ path: folder.file(`*.${extension}`) })
      let produced = 0
      let requests = 0
      const source = stream.source(OPTIONS)
      const read = source.read.bind(source)
      source.read = async function* (from, signal) {
        requests++
        yield* read(from, signal)
      }
      return {
        source,
        async produce(count: number) {
          const ids = Array.from({ length: count }, () => `item ${produced++}`)
          for (const [at, name] of names.entries()) {
            const own = ids.filter((_, index) => index % names.length === at)
            await folder.append(name, own.map((id) => `${line(id)}\r\n`).join(''))
          }
          return ids
        },
        identify(item: Message) {
          const { id } = JSON.parse(Buffer.from(item.body).toString())
          return String(id)
        },
        requests: () => requests,
        reopen: async () => stream.source(OPTIONS),
        end: async () => {},
        away: (gone: boolean) => folder.away(gone),
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      }
    },
    extension.endsWith('.gz') ? { unsupported } : {},
  )
}
