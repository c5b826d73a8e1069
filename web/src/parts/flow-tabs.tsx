import type { FlowSummary } from 'lockstep/client'

interface Props {
  readonly label: string
  readonly page: string
  readonly flows: readonly FlowSummary[]
  readonly chosen: string | undefined
  readonly figure: (flow: FlowSummary) => string
}

/** Whose things are shown. */
export function FlowTabs({ label, page, flows, chosen, figure }: Props) {
  return (
    <nav aria-label={label} class="mb-4 flex flex-wrap gap-2">
      {flows.map((flow) => (
        <a
          key={flow.name}
          href={`/${page}/${encodeURIComponent(flow.name)}`}
          aria-current={flow.name === chosen ? 'page' : undefined}
          class={`max-w-full rounded-2xl border px-3 py-1 no-underline ${flow.name === chosen ? 'border-accent bg-accent-soft text-ink' : 'border-line bg-panel text-muted hover:text-ink'}`}
        >
          {flow.name} <span class="figure text-xs">{figure(flow)}</span>
        </a>
      ))}
    </nav>
  )
}

/** The flow of the address, else the first for which there is something to see. */
export function chosenFlow(
  flows: readonly FlowSummary[],
  named: string | undefined,
  weight: (flow: FlowSummary) => number,
) {
  if (named !== undefined) return flows.find((flow) => flow.name === decodeURIComponent(named))
  return [...flows].sort((a, b) => weight(b) - weight(a))[0]
}
