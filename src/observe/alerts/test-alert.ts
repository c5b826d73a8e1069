import type { Alert, AlertSettings, AlertSink } from '../../core/alert.js'
import { ConfigError } from '../../core/errors.js'
import { deliver, messageOf, type Patience } from './deliver.js'
import { sinksOf } from './rules.js'
import type { AlertedFlow } from './watched-flow.js'

/** What became of a test message at one place. */
export interface TestResult {
  /** Where, without secrets. */
  readonly place: string
  /** The flows whose alerts go there. */
  readonly flows: readonly string[]
  readonly arrived: boolean
  /** What came back, or why it did not arrive. */
  readonly answer: string
  readonly fix?: string
}

/**
 * Sends a message that says it is a test to every place that the alerts of these flows go to, and tells what came back.
 * Never rejects; empty: their alerts go nowhere.
 */
export async function sendTestAlert(
  settings: AlertSettings | undefined,
  flows: readonly Pick<AlertedFlow, 'name' | 'flow'>[],
  patience: Patience,
): Promise<readonly TestResult[]> {
  const places = new Map<AlertSink, Pick<AlertedFlow, 'name' | 'flow'>[]>()
  for (const flow of flows) {
    for (const sink of sinksOf(settings, flow.flow.alert)) places.set(sink, [...(places.get(sink) ?? []), flow])
  }
  return Promise.all([...places].map(([sink, of]) => sendTo(sink, of, patience)))
}

async function sendTo(
  sink: AlertSink,
  flows: readonly Pick<AlertedFlow, 'name' | 'flow'>[],
  patience: Patience,
): Promise<TestResult> {
  const nowMs = Date.now()
  const message = messageOf(
    flows.map((flow) => testAlert(flow, nowMs)),
    nowMs,
    true,
  )
  const delivery = await deliver(sink, message, patience)
  const about = { place: sink.label, flows: flows.map(({ name }) => name) }
  if (delivery.kind === 'delivered') return { ...about, arrived: true, answer: delivery.answer }
  const fix = delivery.error instanceof ConfigError ? { fix: delivery.error.fix } : {}
  const reason = delivery.error instanceof ConfigError ? delivery.error.problem : delivery.reason
  return { ...about, arrived: false, answer: reason, ...fix }
}

function testAlert({ name, flow }: Pick<AlertedFlow, 'name' | 'flow'>, nowMs: number): Alert {
  return {
    flow: name,
    flowKind: flow.kind,
    kind: 'stopped',
    status: 'raised',
    since: new Date(nowMs).toISOString(),
    message: 'this is a test: its alerts arrive here',
    command: `lockstep status ${name}`,
  }
}
