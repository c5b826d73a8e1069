import type { Letter } from 'lockstep/client'
import { useNow } from '../data/now.js'
import { ago } from '../format.js'
import { Scroll } from './panel.js'

interface Props {
  readonly letters: readonly Letter[]
  readonly picked: ReadonlySet<string>
  readonly open: string | undefined
  pick(ids: ReadonlySet<string>): void
  show(id: string): void
}

export function LetterTable({ letters, picked, open, pick, show }: Props) {
  const now = useNow()
  const all = letters.every(({ id }) => picked.has(id))
  return (
    <Scroll label="Dead letters">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="All that are shown"
                checked={all}
                onChange={() => pick(new Set(all ? [] : letters.map(({ id }) => id)))}
              />
            </th>
            <th scope="col">Key and reason</th>
            <th scope="col" class="number">
              Last try
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <tr key={letter.id} class={letter.id === open ? 'bg-accent-soft' : ''}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Letter ${letter.itemKey}`}
                  checked={picked.has(letter.id)}
                  onChange={() => pick(toggled(picked, letter.id))}
                />
              </td>
              <td class="wide">
                <button
                  type="button"
                  class="mono text-left font-medium text-accent hover:underline"
                  onClick={() => show(letter.id)}
                >
                  {letter.itemKey}
                </button>
                <p class="line-clamp-2 text-sm">{letter.reason}</p>
                <p class="mono text-muted">
                  {letter.stage} · {letter.code}
                </p>
              </td>
              <td class="number">
                {ago(letter.lastAt, now)}
                <br />
                <span class="text-xs text-muted">
                  {letter.attempts} {letter.attempts === 1 ? 'try' : 'tries'}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

function toggled(picked: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(picked)
  if (!next.delete(id)) next.add(id)
  return next
}
