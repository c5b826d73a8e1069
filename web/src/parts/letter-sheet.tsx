import { useEffect, useRef } from 'preact/hooks'
import { useLetter } from '../data/queries.js'
import { moment } from '../format.js'
import { Loading } from './loading.js'
import { Panel } from './panel.js'
import { Payload } from './payload.js'
import { ProblemNote } from './problem-note.js'

interface Props {
  readonly flow: string
  readonly id: string
  close(): void
}

/** A letter as it came. Its payload is text and nothing else, whatever is in it. */
export function LetterSheet({ flow, id, close }: Props) {
  const { data: letter, error } = useLetter(flow, id)
  const box = useRef<HTMLDivElement>(null)
  // On a telephone it stands above the list, out of sight.
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [letter?.id])
  if (letter === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  const facts: readonly (readonly [string, string])[] = [
    ['State', letter.state],
    ['Stage', letter.stage],
    ['Code', letter.code],
    ['Lane', letter.lane],
    ['Position', letter.position ?? 'none'],
    ['First try', moment(letter.firstAt)],
    ['Last try', `${moment(letter.lastAt)} (${letter.attempts})`],
    ['Kept in', letter.store],
  ]
  return (
    <div ref={box}>
      <Panel
        title={letter.itemKey}
        aside={
          <button type="button" class="button text-xs" onClick={close}>
            Close
          </button>
        }
      >
        <p class="border-b border-line bg-bad-soft px-4 py-3 font-medium text-bad">{letter.reason}</p>
        <Payload letter={letter} />
        <dl class="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-4 gap-y-1 border-t border-line p-4">
          {[...facts, ...Object.entries(letter.headers)].map(([name, value]) => (
            <div key={name} class="contents">
              <dt class="text-muted">{name}</dt>
              <dd class="mono">{value}</dd>
            </div>
          ))}
        </dl>
      </Panel>
    </div>
  )
}
