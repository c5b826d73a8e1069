import type { Live } from './board.js'

/** One line that is asked for again each time it is shown, and shows meanwhile what was last answered. */
export function progressLine(first: string, look: () => Promise<string>): Live {
  let text = first
  let asking = false
  const line = (): string => {
    if (!asking) {
      asking = true
      look()
        .then(
          (answer) => {
            text = answer
          },
          // It is for the eye only; the verdict asks again and fails if it must.
          () => undefined,
        )
        .finally(() => {
          asking = false
        })
    }
    return text
  }
  return { line, view: () => `\n  ${line()}\n` }
}
