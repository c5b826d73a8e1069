import { stdin } from 'lockstep/files'
import { OPTIONS } from './reading.js'

await using source = stdin().source(OPTIONS)
for await (const { items } of source.read(new Map(), new AbortController().signal)) {
  for (const { body } of items) console.log(JSON.stringify(Buffer.from(body).toString()))
  if (process.argv[2] === 'first') break
}
