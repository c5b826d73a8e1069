import { trace } from '@opentelemetry/api'
import { missingPeer } from '../../core/missing-peer.js'
import type { Observer } from '../../core/observer.js'
import { deadline } from '../../engine/deadline.js'
import { spanObserver } from './span-observer.js'

export interface TraceOptions {
  /** `false`: no spans are made. `undefined`: what the environment says. */
  readonly settings: { readonly url?: string; readonly headers?: Readonly<Record<string, string>> } | false | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
}

export interface Traces {
  readonly observer: Observer
  /** Sends what waits; what takes longer is given up. */
  close(ms: number): Promise<void>
}

const NAME = 'lockstep'

/**
 * Where spans go: to the OpenTelemetry SDK that this process has registered, else by OTLP over HTTP to where the config or
 * the environment says. `undefined`: nowhere, and nothing is done for them. Throws `ConfigError` when a package is missing.
 */
export async function openTraces({ settings, env, version }: TraceOptions): Promise<Traces | undefined> {
  if (settings === false || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined
  const registered = trace.getTracer(NAME, version)
  if (records(registered)) return { observer: spanObserver(registered), close: async () => {} }
  const configured = settings?.url ?? env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT']
  if (!configured) return undefined
  const [{ BatchSpanProcessor, TracerProvider }, { defaultResource, resourceFromAttributes }, { OTLPTraceExporter }] =
    await libraries()
  // Left out, the exporter reads the environment itself, with all that may be said there.
  const { url, headers } = settings ?? {}
  const exporter = new OTLPTraceExporter({ ...(url && { url }), ...(headers && { headers: { ...headers } }) })
  const named = { 'service.name': env['OTEL_SERVICE_NAME'] || NAME, 'service.version': version }
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(named)),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  })
  return {
    observer: spanObserver(provider.getTracer(NAME, version)),
    // A collector that is away fails nothing.
    close: (ms) => deadline({ what: 'the last spans to be sent', ms }, () => provider.shutdown()).catch(() => {}),
  }
}

/** Without an SDK spans are made that record nothing. */
function records(tracer: ReturnType<typeof trace.getTracer>): boolean {
  const span = tracer.startSpan('look')
  return span.isRecording()
}

function libraries() {
  const install = '@opentelemetry/sdk-trace @opentelemetry/resources @opentelemetry/exporter-trace-otlp-http'
  const peer = (name: string) => missingPeer({ name, install, key: 'traces' })
  return Promise.all([
    import('@opentelemetry/sdk-trace').catch(peer('@opentelemetry/sdk-trace')),
    import('@opentelemetry/resources').catch(peer('@opentelemetry/resources')),
    import('@opentelemetry/exporter-trace-otlp-http').catch(peer('@opentelemetry/exporter-trace-otlp-http')),
  ])
}
