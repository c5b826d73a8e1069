import { Scan } from '../../examples/scans/scan.js'
import { postgres } from '../../src/adapters/postgres/index.js'
import type { Message } from '../../src/core/message.js'
import type { Source } from '../../src/core/source.js'
import { BATCH_LIMITS, type Stream } from '../../src/core/stream.js'
import { ingest } from '../../src/index.js'
import { plainSql } from '../plain-sql.js'
import { Stopwatch } from './contest.js'
import { CREATE, scanResults, scanRows } from './sink-rows.js'

const LANES = 4

/** Messages as the scanners of examples/scans publish them, each of a key of its own; some 210 bytes of JSON. */
export function scanMessages(from: number, to: number): readonly object[] {
  return scanRows(from, to, 0).map(({ rows }) => {
    const { ip, port, service, response } = rows[0]?.[0] ?? {}
    return { ip, port, service, timestamp: 1_767_225_600, data_version: 2, data: { response_str: response } }
  })
}

/** Of whose streams the bench reads all messages. The watch starts when the first is asked for, unless it runs already. */
export interface Reading {
  readonly stream: Stream
  readonly messages: number
  readonly watch?: Stopwatch
}

/** Seconds until the source has given out all messages and acknowledged them. */
export async function readScans({ stream, messages, watch = new Stopwatch() }: Reading): Promise<number> {
  const stop = new AbortController()
  await using source = timed(stream, watch).source({
    flow: 'bench',
    batch: BATCH_LIMITS,
    lanes: LANES,
    notice: () => undefined,
  })
  let seen = 0
  const acknowledging: Promise<void>[] = []
  for await (const batch of source.read(new Map(), stop.signal)) {
    acknowledging.push(source.acknowledge(batch))
    seen += batch.items.length
    if (seen >= messages) stop.abort()
  }
  await Promise.all(acknowledging)
  return watch.seconds
}

/** Seconds until a whole ingest has stored and acknowledged all messages. */
export async function ingestScans(
  { stream, messages, watch = new Stopwatch() }: Reading,
  { url, name }: { readonly url: string; readonly name: string },
): Promise<number> {
  await using plain = await plainSql(url)
  await plain.run('drop table if exists scan_results')
  await plain.run(CREATE)
  await plain.run('checkpoint')
  await using database = postgres(url)
  const drain = new AbortController()
  let items = 0
  let seconds = 0
  const flow = ingest({
    from: timed(stream, watch),
    into: database.table(scanResults, { version: 'lastSeen' }),
    schema: Scan,
    map: (scan) => scan,
    lanes: LANES,
  })
  await flow.run({
    name,
    observer: (event) => {
      if (event.type === 'batch') items += event.items
      if (items < messages || seconds > 0) return
      seconds = watch.seconds
      drain.abort()
    },
    drain: drain.signal,
    abort: new AbortController().signal,
    untilCaughtUp: false,
  })
  const { rows } = await plain.run('select count(*)::int as count from scan_results')
  if (rows[0].count !== messages) throw new Error(`${rows[0].count} of ${messages} rows arrived`)
  return seconds
}

/** Connections and the catalog of the target are there by the time a flow begins to read. */
function timed(stream: Stream, watch: Stopwatch): Stream {
  const { system, label } = stream
  return {
    system,
    label,
    diagnose: (signal) => stream.diagnose(signal),
    source: (options): Source<Message> => {
      const source = stream.source(options)
      return {
        read: (from, signal) => {
          watch.start()
          return source.read(from, signal)
        },
        acknowledge: (batch) => source.acknowledge(batch),
        [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
      }
    },
  }
}
