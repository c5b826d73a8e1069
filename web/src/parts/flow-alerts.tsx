import { useMutation } from '@tanstack/preact-query'
import type { AlertTestResult, FlowDetail } from 'lockstep/client'
import { useSession } from '../data/session.js'
import { Badge } from './badge.js'
import { Nothing, Panel } from './panel.js'
import { ProblemNote } from './problem-note.js'

/** Where the flow's alerts go, and whether one would arrive. */
export function FlowAlerts({ flow }: { readonly flow: FlowDetail }) {
  const { client } = useSession()
  const test = useMutation({ mutationFn: () => client.testAlert(flow.name) })
  const button = flow.actions.includes('test-alert') ? (
    <button type="button" class="button text-xs" disabled={test.isPending} onClick={() => test.mutate()}>
      {test.isPending ? 'Sending …' : 'Send a test'}
    </button>
  ) : null
  const places = test.data?.results ?? flow.alertsTo.map((place) => ({ place }))
  return (
    <Panel title="Alerts" aside={button}>
      {test.error === null ? null : <ProblemNote error={test.error} />}
      {flow.alertsTo.length === 0 ? (
        <Nothing>
          Nobody is told when it fails: the config names no receiver under <code class="mono">alerts</code>.
        </Nothing>
      ) : null}
      <div role="status">
        <ul>
          {places.map((one, index) => (
            <li key={index} class="border-b border-line px-4 py-2 last:border-0">
              <span class="mono">{one.place}</span>
              {'arrived' in one ? <Came result={one} /> : null}
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  )
}

function Came({ result: { arrived, answer, fix } }: { readonly result: AlertTestResult }) {
  return (
    <p class="mt-1">
      <Badge tone={arrived ? 'good' : 'bad'}>{arrived ? 'arrived' : 'did not arrive'}</Badge> {answer}
      {fix === null ? null : <span class="text-muted">. {fix}</span>}
    </p>
  )
}
