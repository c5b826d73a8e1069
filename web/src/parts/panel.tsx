import type { ComponentChildren } from 'preact'

interface Props {
  readonly title: string
  /** Right of the title: a figure or buttons. */
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}

/** A part of a page, with a heading. */
export function Panel({ title, aside, children }: Props) {
  return (
    <section class="panel min-w-0 overflow-hidden">
      <header class="flex flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-2 min-h-12">
        <h2 class="font-semibold">{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** What may be longer than a screen: is scrolled within its panel, also by keyboard. Nothing in it is wider than a telephone. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="max-h-[32rem] overflow-auto" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}

export function Nothing({ children }: { readonly children: ComponentChildren }) {
  return <p class="px-4 py-8 text-center text-muted">{children}</p>
}
