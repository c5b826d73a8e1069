import { useEffect, useRef } from 'preact/hooks'
import { useLocation } from 'preact-iso'

interface Place {
  readonly path: string
  readonly label: string
  readonly key: string
}

/** `g` and a letter goes to a page, `?` lists the keys. */
export function Keys({ places }: { readonly places: readonly Place[] }) {
  const { route } = useLocation()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    let going = false
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const place = going ? places.find(({ key }) => key === event.key) : undefined
      going = event.key === 'g'
      if (place !== undefined) route(place.path)
      else if (event.key === '?') dialog.current?.showModal()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [places, route])
  return (
    <dialog ref={dialog} aria-labelledby="keys-title" class="panel m-auto p-6 text-ink backdrop:bg-black/40">
      <h2 id="keys-title" class="mb-3 font-semibold">
        Keys
      </h2>
      <dl class="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5">
        {places.map(({ key, label }) => (
          <div key={key} class="contents">
            <dt class="mono">g {key}</dt>
            <dd>{label}</dd>
          </div>
        ))}
        <dt class="mono">?</dt>
        <dd>These keys</dd>
      </dl>
      <form method="dialog" class="mt-4 text-right">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}
