import { useMutation, useQueryClient } from '@tanstack/preact-query'
import type { Discard, FlowSummary, LetterQuery, Replay } from 'lockstep/client'
import { useState } from 'preact/hooks'
import { useSession } from '../data/session.js'
import { count } from '../format.js'
import { ProblemNote } from './problem-note.js'

interface Props {
  readonly flow: FlowSummary
  /** How many are shown. */
  readonly letters: number
  readonly picked: ReadonlySet<string>
  readonly filter: Pick<LetterQuery, 'code' | 'stage'>
  /** Called once something was done: the picks are over. */
  settled(): void
}

/** Replays or gives up the letters that are picked, or all that the filter shows. */
export function LetterActions({ flow, letters, picked, filter, settled }: Props) {
  const { client } = useSession()
  const queries = useQueryClient()
  const [sure, setSure] = useState(false)
  const { code, stage } = filter
  const some = { ...(code && { code }), ...(stage && { stage }) }
  const choice = picked.size > 0 ? { ids: [...picked] } : Object.keys(some).length > 0 ? some : { all: true }
  const act = useMutation({
    mutationFn: async (what: 'replay' | 'discard') =>
      what === 'replay'
        ? replayed(await client.replay(flow.name, choice))
        : discarded(await client.discard(flow.name, choice)),
    onSuccess: settled,
    onSettled: async () => {
      setSure(false)
      await queries.invalidateQueries({ queryKey: ['flow', flow.name] })
      await queries.invalidateQueries({ queryKey: ['flows'] })
    },
  })
  const which = picked.size > 0 ? `${count(picked.size)} picked` : 'all of these'
  const may = (what: 'replay' | 'discard') => letters > 0 && flow.actions.includes(what)
  // What came of the last one is still told when it left none.
  if (!may('replay') && !may('discard') && act.status === 'idle') return null
  return (
    <div class="border-b border-line px-4 py-3">
      <div class="flex flex-wrap items-center gap-2">
        {may('replay') ? (
          <button
            type="button"
            class="button button-main"
            disabled={act.isPending}
            onClick={() => act.mutate('replay')}
          >
            Replay {which}
          </button>
        ) : null}
        {may('discard') && !sure ? (
          <button type="button" class="button" disabled={act.isPending} onClick={() => setSure(true)}>
            Discard {which} …
          </button>
        ) : null}
        {sure ? (
          <>
            <button
              type="button"
              class="button button-bad"
              disabled={act.isPending}
              onClick={() => act.mutate('discard')}
            >
              Yes, give them up
            </button>
            <button type="button" class="button" onClick={() => setSure(false)}>
              Keep them
            </button>
          </>
        ) : null}
        <p role="status" class="text-muted">
          {act.isPending ? 'At work …' : act.data}
        </p>
      </div>
      {act.error === null ? null : <ProblemNote error={act.error} />}
    </div>
  )
}

function replayed({ done, letters, replayed, failed }: Replay): string {
  if (!done) return `It goes on: ${count(replayed)} stored so far.`
  if (letters === 0) return 'There was none to replay.'
  return failed === 0 ? `${count(replayed)} stored.` : `${count(replayed)} stored, ${count(failed)} failed again.`
}

function discarded({ letters, discarded }: Discard): string {
  return discarded === letters
    ? `${count(discarded)} given up.`
    : `${count(discarded)} of ${count(letters)} given up; the rest failed again meanwhile.`
}
