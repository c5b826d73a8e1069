import type { ComponentChildren } from 'preact'

export function Tiles({ children }: { readonly children: ComponentChildren }) {
  return <dl class="mb-4 grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5">{children}</dl>
}

interface Props {
  readonly label: string
  readonly figure: string
  readonly note: string
  /** Where more is said about it; all of the tile leads there. */
  readonly href?: string
}

/** One figure with its name. */
export function Tile({ label, figure, note, href }: Props) {
  return (
    <div class={`panel relative min-w-0 px-4 py-3 ${href === undefined ? '' : 'hover:border-accent'}`}>
      <dt class="text-xs text-muted">
        {href === undefined ? (
          label
        ) : (
          <a href={href} class="after:absolute after:inset-0 after:rounded-[10px]">
            {label}
          </a>
        )}
      </dt>
      <dd class="figure text-lg font-semibold leading-snug">{figure}</dd>
      <dd class="line-clamp-2 text-xs text-muted" title={note}>
        {note}
      </dd>
    </div>
  )
}
