import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { Stream, StreamOptions } from '../../core/stream.js'
import { parseAddress } from './address.js'
import { CatchUpSource } from './catch-up-source.js'
import { Connection } from './connection.js'
import { diagnoseStream } from './diagnose.js'
import { GroupSource } from './group-source.js'
import { type KurrentdbOptions, parseOptions } from './options.js'

/**
 * Events of KurrentDB or EventStoreDB (21.10 and later), as they were written: bodies and metadata are bytes that nothing
 * has parsed.
 *
 * Without `subscription` it is read in its order from the position that is saved with the data, by one instance at a
 * time. With it, any number of instances share the work; then order holds within a stream at best, and events may come
 * twice. What the flow makes a dead letter is acknowledged, as it is stored: nothing is ever parked by us.
 *
 * Throws a `ConfigError` for options that make no sense; connects on first use.
 */
export function kurrentdb(options: KurrentdbOptions): Stream {
  const settings = parseOptions(options)
  const { stream, group, client, connectMs } = settings
  const address = settings.url === undefined ? undefined : parseAddress(settings.url)
  const server = address?.label ?? 'kurrentdb://client'
  const connection = () => new Connection({ label: server, address, client, connectMs })
  return {
    system: 'kurrentdb',
    label: `${server}/${stream}${group === undefined ? '' : `::${group.name}`}`,
    oneReader: group === undefined,
    source: (options: StreamOptions): Source<Message> =>
      group === undefined
        ? new CatchUpSource(connection(), settings, options)
        : new GroupSource(connection(), { ...settings, group }, options),
    async diagnose(signal) {
      await using opened = connection()
      return await diagnoseStream(opened, { ...settings, address }, signal)
    },
  }
}
