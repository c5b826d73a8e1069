import { ProblemError } from 'lockstep/client'

/** What went wrong, and the cure where the server knows one. */
export function ProblemNote({ error }: { readonly error: unknown }) {
  const problem = error instanceof ProblemError ? error : undefined
  return (
    <div role="alert" class="m-4 rounded-lg bg-bad-soft px-4 py-3 text-bad">
      <p class="font-medium">{error instanceof Error ? error.message : 'the server does not answer'}</p>
      {problem?.fix === undefined ? null : <p class="mt-1 text-ink">{problem.fix}</p>}
      {problem === undefined ? null : (
        <p class="mono mt-1 text-ink">
          {problem.code}
          {problem.requestId === undefined ? null : <span class="text-muted"> request {problem.requestId}</span>}
        </p>
      )}
    </div>
  )
}
