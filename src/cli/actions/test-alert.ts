import { selectFlows } from '../../config/select-flows.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import { sendTestAlert, type TestResult } from '../../observe/alerts/test-alert.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import { visible } from '../render/format.js'
import { type Paint, paint } from '../render/paint.js'
import { listenForSignals } from '../signals.js'

export interface TestAlertArguments {
  readonly flows: readonly string[]
  readonly config?: string
  readonly json: boolean
}

/** Sends a test message wherever the alerts of the flows go, and says what came back. */
export async function testAlert(io: Io, args: TestAlertArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    using signals = listenForSignals()
    const signal = signals.shutdown.drain
    const results = await sendTestAlert(config.alerts, selectFlows(config, args.flows), { signal })
    if (results.length === 0) throw nowhere(args.flows)
    io.out(args.json ? toJson({ results }) : results.map((result) => lines(result, paint(io))).join('\n'))
    return results.every(({ arrived }) => arrived) ? EXIT.ok : EXIT.unavailable
  })
}

function lines({ place, flows, arrived, answer, fix }: TestResult, colours: Paint): string {
  const head = `${arrived ? colours.green('✓') : colours.red('✗')}  ${colours.bold(place)}  ${colours.dim(flows.join(', '))}`
  const said = `   ${arrived ? 'arrived' : 'did not arrive'}: ${visible(answer)}`
  return [head, said, ...(fix === undefined ? [] : [`   fix: ${visible(fix)}`])].join('\n')
}

function nowhere([flow]: readonly string[]): ConfigError {
  return new ConfigError({
    code: 'alert-without-place',
    key: flow === undefined ? 'alerts.to' : `flows.${flow}`,
    message: 'alerts go nowhere',
    fix: "name a place: alerts: { to: webhook(env('ALERT_URL')) }",
  })
}
