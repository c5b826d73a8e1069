import { useState } from 'preact/hooks'

/** The beginning of a SHA-256; a click copies all of it. */
export function ShortDigest({ digest }: { readonly digest: string }) {
  const [said, setSaid] = useState<string>()
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(digest)
      setSaid('copied')
    } catch {
      setSaid('the browser refused')
    }
  }
  return (
    <>
      <button
        type="button"
        class="mono whitespace-nowrap text-muted underline decoration-line-strong decoration-dotted underline-offset-3 hover:text-ink"
        title={`${digest}, click to copy`}
        onClick={() => void copy()}
      >
        <span class="sr-only">Copy SHA-256 </span>
        {digest.slice(0, 12)}…
      </button>{' '}
      <span role="status" class="text-xs text-muted">
        {said}
      </span>
    </>
  )
}
