import type { LetterDetail } from 'lockstep/client'
import { useState } from 'preact/hooks'
import { useSession } from '../data/session.js'
import { count } from '../format.js'
import { decoded, pretty } from '../payload-text.js'
import { CopyButton } from './copy-button.js'
import { Scroll } from './panel.js'
import { ProblemNote } from './problem-note.js'

/** What is in a letter: text and nothing else, whatever it is. Bytes are shown as the text they hold; all of it is a download. */
export function Payload({ letter }: { readonly letter: LetterDetail }) {
  const { payload, encoding, payloadCharacters } = letter
  const [raw, setRaw] = useState(false)
  const found = encoding === 'text' ? undefined : decoded(payload)
  const text = encoding === 'text' ? payload : found?.text
  const shown = raw || text === undefined ? payload : pretty(text)
  const cut = payload.length < payloadCharacters
  return (
    <>
      <div class="flex flex-wrap items-center justify-end gap-2 border-b border-line px-4 py-2">
        {encoding === 'text' ? null : (
          <p class="mr-auto text-xs text-muted">
            {found === undefined ? 'Bytes that are no text, as base64.' : null}
            {found?.exact === false
              ? 'Not all of it is text: \ufffd and control signs stand for the bytes that are none.'
              : null}
          </p>
        )}
        {found !== undefined ? (
          <button type="button" class="button text-xs" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            as base64
          </button>
        ) : null}
        <Download letter={letter} />
        <CopyButton text={shown} what="payload" />
      </div>
      <Scroll label="Payload">
        <pre class="mono max-h-96 whitespace-pre-wrap p-4">{shown}</pre>
      </Scroll>
      {cut ? (
        <p class="px-4 pb-3 text-xs text-muted">
          Cut; the whole has {count(payloadCharacters)} characters{encoding === 'text' ? '' : ' of base64'}, as the
          download has it.
        </p>
      ) : null}
    </>
  )
}

/** Fetched with the token, which a plain link would not send. */
function Download({ letter: { flow, id } }: { readonly letter: LetterDetail }) {
  const { client } = useSession()
  const [error, setError] = useState<unknown>()
  const save = async () => {
    try {
      setError(undefined)
      const url = URL.createObjectURL(await client.payload(flow, id))
      const link = document.createElement('a')
      link.href = url
      link.download = `${id.replaceAll(/[^\w-]/g, '')}.bin`
      link.click()
      // The download has begun by then, and reads what the address stands for from memory.
      setTimeout(() => URL.revokeObjectURL(url), 10_000)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <>
      {error === undefined ? null : <ProblemNote error={error} />}
      <button type="button" class="button text-xs" onClick={() => void save()}>
        Download
      </button>
    </>
  )
}
