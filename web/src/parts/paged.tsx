import type { ComponentChildren } from 'preact'
import { Loading } from './loading.js'
import { More } from './more.js'
import { Nothing } from './panel.js'
import { ProblemNote } from './problem-note.js'

interface Pages {
  readonly error: Error | null
  readonly isPending: boolean
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  fetchNextPage(): unknown
}

interface Props {
  readonly pages: Pages
  /** How many items have been read. */
  readonly items: number
  /** What is said where there is none. */
  readonly nothing: string
  /** The items; shown where there are some. */
  readonly children: ComponentChildren
}

/** A list that is read page by page: that it is being read, why it cannot be, that it is empty, or its items. */
export function Paged({ pages, items, nothing, children }: Props) {
  const { error, isPending } = pages
  return (
    <>
      {error === null ? null : <ProblemNote error={error} />}
      {isPending ? <Loading /> : null}
      {items > 0 ? children : null}
      {items === 0 && !isPending && error === null ? <Nothing>{nothing}</Nothing> : null}
      <More {...pages} />
    </>
  )
}
