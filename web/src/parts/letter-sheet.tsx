import { useLetter } from '../data/queries.js'
import { count, moment } from '../format.js'
import { CopyButton } from './copy-button.js'
import { Loading } from './loading.js'
import { Panel, Scroll } from './panel.js'
import { ProblemNote } from './problem-note.js'

/** A letter as it came. Its payload is text and nothing else, whatever is in it. */
export function LetterSheet({ flow, id }: { readonly flow: string; readonly id: string }) {
  const { data: letter, error } = useLetter(flow, id)
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
  const cut = letter.payload.length < letter.payloadCharacters
  return (
    <Panel title={letter.itemKey} aside={<CopyButton text={letter.payload} what="payload" />}>
      <p class="break-words border-b border-line bg-bad-soft px-4 py-3 font-medium text-bad">{letter.reason}</p>
      <Scroll label="Payload">
        <pre class="mono max-h-96 p-4">{pretty(letter.payload, letter.encoding)}</pre>
      </Scroll>
      {cut ? (
        <p class="px-4 pb-3 text-xs text-muted">Cut; the whole has {count(letter.payloadCharacters)} characters.</p>
      ) : null}
      <dl class="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-4 gap-y-1 border-t border-line p-4">
        {[...facts, ...Object.entries(letter.headers)].map(([name, value]) => (
          <div key={name} class="contents">
            <dt class="break-words text-muted">{name}</dt>
            <dd class="mono break-all">{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

function pretty(payload: string, encoding: 'text' | 'base64'): string {
  if (encoding === 'base64') return payload
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    // That it is no JSON may be the very reason why it is here.
    return payload
  }
}
