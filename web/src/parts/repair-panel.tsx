import { useMutation } from '@tanstack/preact-query'
import type { CheckRun, RepairSql } from 'lockstep/client'
import { useState } from 'preact/hooks'
import { useSession } from '../data/session.js'
import { count } from '../format.js'
import { CopyButton } from './copy-button.js'
import { Panel, Scroll } from './panel.js'
import { ProblemNote } from './problem-note.js'

const CHOICES = {
  tables: [
    { side: 'right', word: 'Make the right like the left' },
    { side: 'left', word: 'Make the left like the right' },
  ],
  references: [{ side: 'stored', word: 'Correct the stored numbers' }],
} as const

/** SQL for what the run found, made from the rows as they are now. Nothing here runs it. */
export function RepairPanel({ flow, run }: { readonly flow: string; readonly run: CheckRun }) {
  const { client } = useSession()
  const [deletes, setDeletes] = useState(false)
  const made = useMutation({
    mutationFn: (side: RepairSql['side']) => client.repairSql(flow, run.id, { side, delete: deletes }),
  })
  if (run.kept === 0) return null
  return (
    <Panel title="Repair SQL">
      <div class="px-4 py-3">
        <p class="max-w-2xl text-muted">
          Made from the rows as they are now, both sides read anew. Nothing is changed here: read it, then run it in the
          database yourself. A statement does nothing if its row has changed since.
        </p>
        <div class="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2">
          {CHOICES[run.kind].map(({ side, word }) => (
            <button key={side} type="button" class="button" disabled={made.isPending} onClick={() => made.mutate(side)}>
              {word}
            </button>
          ))}
          {run.kind === 'tables' ? (
            <label class="flex items-center gap-2">
              <input type="checkbox" checked={deletes} onChange={(event) => setDeletes(event.currentTarget.checked)} />
              also delete the rows that only that side has
            </label>
          ) : null}
        </div>
        <p role="status" class="mt-2">
          {made.isPending ? 'Reading both sides …' : made.data === undefined ? '' : said(made.data)}
        </p>
      </div>
      {made.error === null ? null : <ProblemNote error={made.error} />}
      {made.data === undefined || made.isPending ? null : <Script made={made.data} />}
    </Panel>
  )
}

function Script({ made }: { readonly made: RepairSql }) {
  return (
    <>
      <ul class="list-inside list-disc px-4 pb-2 text-muted">
        {made.changedMeanwhile === 0 ? null : <li>right by now: {count(made.changedMeanwhile)}</li>}
        {made.left.map(({ reason, count: times }) => (
          <li key={reason}>
            left alone: {count(times)} ({reason})
          </li>
        ))}
        {made.complete ? null : (
          <li>
            The run found more than is in here; all of it: <code class="mono">{made.command}</code>
          </li>
        )}
      </ul>
      <div class="border-t border-line">
        <div class="flex justify-end px-4 py-2">
          <CopyButton text={made.sql} what="SQL" />
        </div>
        <Scroll label="Repair SQL">
          <pre class="mono whitespace-pre-wrap px-4 pb-4">{made.sql}</pre>
        </Scroll>
      </div>
    </>
  )
}

function said({ statements, table, findings }: RepairSql): string {
  const of = `of ${count(findings)} ${findings === 1 ? 'finding' : 'findings'}`
  return `${count(statements)} ${statements === 1 ? 'statement' : 'statements'} ${of}; changes ${table}`
}
