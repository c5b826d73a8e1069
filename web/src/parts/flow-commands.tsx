import { useMutation, useQueryClient } from '@tanstack/preact-query'
import type { FlowSummary } from 'lockstep/client'
import { useSession } from '../data/session.js'
import { ProblemNote } from './problem-note.js'

const WORD = { pause: 'Pause', resume: 'Resume', run: 'Run now' } as const

/** What can be done with the flow now; nothing when it runs elsewhere. */
export function FlowCommands({ flow }: { readonly flow: FlowSummary }) {
  const { client } = useSession()
  const queries = useQueryClient()
  const command = useMutation({
    mutationFn: (what: keyof typeof WORD) => client[what](flow.name),
    onSettled: () => queries.invalidateQueries({ queryKey: ['flow', flow.name] }),
  })
  const able = (['run', 'resume', 'pause'] as const).filter((what) => flow.actions.includes(what))
  return (
    <>
      <div class="flex gap-2">
        {able.map((what) => (
          <button
            key={what}
            type="button"
            class={`button ${what === 'pause' ? '' : 'button-main'}`}
            disabled={command.isPending}
            onClick={() => command.mutate(what)}
          >
            {WORD[what]}
          </button>
        ))}
      </div>
      {command.error === null ? null : <ProblemNote error={command.error} />}
    </>
  )
}
