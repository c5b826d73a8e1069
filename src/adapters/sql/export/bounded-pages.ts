/** Few, so that the garbage of a page is collected while it is young. */
const PAGE_ROWS = 250
/** A page of more is a single row. */
const PAGE_SIZE = 500_000

/** Gathers items, which come in lists of any size, into pages of bounded size. */
export async function* boundedPages<Item>(
  lists: AsyncIterable<readonly Item[]>,
  sizeOf: (item: Item) => number,
): AsyncGenerator<readonly Item[]> {
  let page: Item[] = []
  let total = 0
  for await (const list of lists) {
    for (const item of list) {
      const size = sizeOf(item)
      if (page.length === PAGE_ROWS || (page.length > 0 && total + size > PAGE_SIZE)) {
        yield page
        page = []
        total = 0
      }
      page.push(item)
      total += size
      // A large row is not to wait for the next one.
      if (total <= PAGE_SIZE) continue
      yield page
      page = []
      total = 0
    }
  }
  if (page.length > 0) yield page
}
