import type { FeedRejection, FeedReport } from 'lockstep/client'
import { count } from '../format.js'
import { Nothing, Panel, Scroll } from './panel.js'

/** Keys that are shown before somebody asks for more. */
const KEYS = 10

/** What a run rejected: reasons with their rows, as far as keys are kept. `null`: there is no report. */
export function Rejections({ report, rejected }: { readonly report: FeedReport | null; readonly rejected: number }) {
  return (
    <Panel title={`Rejected rows (${count(rejected)})`}>
      {report === null ? (
        <Nothing>
          {rejected === 0
            ? 'No row was rejected.'
            : 'The report of this run is not kept: the config has no state, or the run is older than what is kept.'}
        </Nothing>
      ) : report.reasons.length === 0 ? (
        <Nothing>No row was rejected.</Nothing>
      ) : (
        <Scroll label="Rejected rows by reason">
          <table class="table">
            <thead>
              <tr>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              {report.reasons.map((reason) => (
                <tr key={`${reason.code} ${reason.reason}`}>
                  <td class="number">{count(reason.count)}</td>
                  <td class="wide">
                    <p>{reason.reason}</p>
                    <p class="mono text-muted">{reason.code}</p>
                    <Keys rejection={reason} columns={report.keyColumns} />
                  </td>
                </tr>
              ))}
              {report.others === 0 ? null : (
                <tr>
                  <td class="number">{count(report.others)}</td>
                  <td class="text-muted">for other reasons, which are not kept apart</td>
                </tr>
              )}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  )
}

interface KeysProps {
  readonly rejection: FeedRejection
  readonly columns: readonly string[]
}

function Keys({ rejection, columns }: KeysProps) {
  const { keys, count: rows } = rejection
  if (keys.length === 0) return null
  const [first, more] = [keys.slice(0, KEYS), keys.slice(KEYS)]
  const unkept = rows - keys.length
  return (
    <div class="mt-1">
      <p>
        <span class="text-muted">{columns.join(' / ')}: </span>
        <span class="mono">{first.map(keyText).join(', ')}</span>
      </p>
      {more.length === 0 ? null : (
        <details>
          <summary class="cursor-pointer text-muted">{count(more.length)} more</summary>
          <p class="mono">{more.map(keyText).join(', ')}</p>
        </details>
      )}
      {unkept > 0 ? <p class="text-muted">{count(unkept)} further keys are not kept</p> : null}
    </div>
  )
}

function keyText(key: readonly (string | null)[]): string {
  return key.map((value) => value ?? 'NULL').join(' / ')
}
