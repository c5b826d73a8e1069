import { useState } from 'preact/hooks'

/** Puts text on the clipboard, and says so. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [said, setSaid] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      setSaid('The browser refused; it wants https or localhost')
    }
  }
  return (
    <span class="flex items-center gap-2">
      <span role="status" class="text-xs text-muted">
        {said}
      </span>
      <button type="button" class="button text-xs" onClick={() => void copy()}>
        Copy {what}
      </button>
    </span>
  )
}
