import type { ComponentChildren } from 'preact'

export function Tiles({ children }: { readonly children: ComponentChildren }) {
  return <dl class="mb-4 grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5">{children}</dl>
}

interface Props {
  readonly label: string
  readonly figure: string
  readonly note: string
  /** Where more is said about it. */
  readonly href?: string
}

/** One figure with its name. */
export function Tile({ label, figure, note, href }: Props) {
  return (
    <div class="panel min-w-0 px-4 py-3">
      <dt class="text-xs text-muted">{href === undefined ? label : <a href={href}>{label}</a>}</dt>
      <dd class="figure truncate text-lg font-semibold">{figure}</dd>
      <dd class="truncate text-xs text-muted" title={note}>
        {note}
      </dd>
    </div>
  )
}
