import packageJson from '../../../package.json' with { type: 'json' }
import type { Config, TraceSettings } from '../../config/define-config.js'
import { Secret } from '../../core/secret.js'
import { openTraces, type TraceOptions, type Traces } from '../../observe/traces/open-traces.js'
import type { Io } from '../io.js'

/** Spans of a run's flows, where the config, the environment or an SDK of this process asks for them. */
export function openRunTraces({ traces }: Config, { env }: Io): Promise<Traces | undefined> {
  const settings = traces === false || traces === undefined ? traces : plain(traces)
  return openTraces({ settings, env, version: packageJson.version })
}

function plain({ url, headers }: TraceSettings): TraceOptions['settings'] {
  const entries = Object.entries(headers ?? {})
  const texts = entries.map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value] as const)
  return {
    ...(url === undefined ? {} : { url }),
    ...(texts.length === 0 ? {} : { headers: Object.fromEntries(texts) }),
  }
}
