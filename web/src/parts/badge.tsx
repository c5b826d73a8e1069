import type { ComponentChildren } from 'preact'

export type Tone = 'good' | 'warn' | 'bad' | 'quiet'

const LOOK: Record<Tone, string> = {
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  quiet: 'bg-sunken text-muted',
}

/** A short word with a colour; the word alone says it all, for those who do not see the colour. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <span class={`inline-block whitespace-nowrap rounded-full px-2 text-xs font-semibold leading-5 ${LOOK[tone]}`}>
      {children}
    </span>
  )
}
