/** So that a row of the queue stays small, whatever is found; one item is never cut. */
const PIECE_CHARACTERS = 1_000_000

/** JSON arrays of the items, in their order. */
export function* piecesOf(items: Iterable<unknown>, most = PIECE_CHARACTERS): Generator<string, void, undefined> {
  let texts: string[] = []
  let characters = 0
  for (const item of items) {
    const text = JSON.stringify(item)
    if (texts.length > 0 && characters + text.length > most) {
      yield `[${texts.join(',')}]`
      texts = []
      characters = 0
    }
    texts.push(text)
    characters += text.length
  }
  if (texts.length > 0) yield `[${texts.join(',')}]`
}
