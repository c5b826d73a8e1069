import { useMutation, useQueryClient } from '@tanstack/preact-query'
import { useRef, useState } from 'preact/hooks'
import { useSession } from '../data/session.js'
import { ProblemNote } from './problem-note.js'

/** Takes the positions away; the name of the flow must be written, as it cannot be taken back. */
export function ResetCheckpoints({ flow }: { readonly flow: string }) {
  const { client } = useSession()
  const queries = useQueryClient()
  const dialog = useRef<HTMLDialogElement>(null)
  const [written, setWritten] = useState('')
  const reset = useMutation({
    mutationFn: () => client.resetCheckpoints(flow, written),
    onSuccess: async () => {
      dialog.current?.close()
      await queries.invalidateQueries({ queryKey: ['flow', flow] })
    },
  })
  return (
    <>
      <button type="button" class="button button-bad" onClick={() => dialog.current?.showModal()}>
        Reset …
      </button>
      <dialog
        ref={dialog}
        aria-labelledby="reset-title"
        class="panel m-auto max-w-md p-6 text-ink backdrop:bg-black/40"
      >
        <h2 id="reset-title" class="font-semibold">
          Begin {flow} anew?
        </h2>
        <p class="mt-2">
          When it is started again, it reads from the beginning. What was stored stays, and is written again only where
          it is newer.
        </p>
        <label class="mt-3 block">
          <span class="text-xs text-muted">Write the name of the flow</span>
          <input class="field mt-1 w-full" value={written} onInput={(event) => setWritten(event.currentTarget.value)} />
        </label>
        {reset.error === null ? null : <ProblemNote error={reset.error} />}
        <div class="mt-4 flex justify-end gap-2">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Keep them
          </button>
          <button
            type="button"
            class="button button-bad"
            disabled={written !== flow || reset.isPending}
            onClick={() => reset.mutate()}
          >
            Reset checkpoints
          </button>
        </div>
      </dialog>
    </>
  )
}
